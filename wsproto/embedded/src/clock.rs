use core::future::{Future, pending, poll_fn};
use core::pin::pin;
use core::task::Poll;

use wsproto::deadlines::Moment;

/// The time, from the caller.
///
/// With feature `embassy-time` it is `EmbassyClock`. [`NoClock`] is for programs without one, and [`BlockingClock`] for those
/// that block.
pub trait Clock {
    /// Whether time goes on. If not, there are no deadlines.
    const RUNS: bool = true;

    /// Returns the present moment, which never lies before an earlier one.
    fn now(&self) -> Moment;

    /// Waits until a moment, which may have passed. The future may be dropped.
    fn wait_until(&self, at: Moment) -> impl Future<Output = ()>;
}

impl<C: Clock> Clock for &C {
    const RUNS: bool = C::RUNS;

    fn now(&self) -> Moment {
        C::now(self)
    }

    fn wait_until(&self, at: Moment) -> impl Future<Output = ()> {
        C::wait_until(self, at)
    }
}

/// No time at all: no deadline ever passes and no Ping is sent by itself, so a peer that is gone without a word is waited
/// for without an end.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoClock;

impl Clock for NoClock {
    const RUNS: bool = false;

    fn now(&self) -> Moment {
        Moment::from_millis(0)
    }

    fn wait_until(&self, _at: Moment) -> impl Future<Output = ()> {
        pending()
    }
}

/// The time for a transport that blocks: a function that reads the clock.
///
/// Deadlines are looked at whenever the transport returns, so it has to do so once in a while, with an error of the kind
/// `TimedOut`: give it a timeout of a second or so.
#[derive(Debug, Clone, Copy)]
pub struct BlockingClock<F>(pub F);

impl<F: Fn() -> Moment> Clock for BlockingClock<F> {
    fn now(&self) -> Moment {
        self.0()
    }

    fn wait_until(&self, _at: Moment) -> impl Future<Output = ()> {
        pending()
    }
}

/// The clock of `embassy-time`.
#[cfg(feature = "embassy-time")]
#[derive(Debug, Clone, Copy, Default)]
pub struct EmbassyClock;

#[cfg(feature = "embassy-time")]
impl Clock for EmbassyClock {
    fn now(&self) -> Moment {
        Moment::from_millis(embassy_time::Instant::now().as_millis())
    }

    fn wait_until(&self, at: Moment) -> impl Future<Output = ()> {
        // Rounded up: at a moment too early nothing would be due.
        let millis = at.to_duration().as_nanos().div_ceil(1_000_000);
        let millis = u64::try_from(millis).unwrap_or(u64::MAX);
        embassy_time::Timer::at(embassy_time::Instant::from_millis(millis))
    }
}

/// Drops a future that takes longer.
pub(crate) async fn until<F: Future>(clock: &impl Clock, at: Option<Moment>, future: F) -> Option<F::Output> {
    let Some(at) = at else {
        return Some(future.await);
    };
    let (mut future, mut timer) = (pin!(future), pin!(clock.wait_until(at)));
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => timer.as_mut().poll(context).map(|()| None),
    })
    .await
}
