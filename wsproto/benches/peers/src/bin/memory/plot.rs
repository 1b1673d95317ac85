//! A picture of the table: nanoseconds a message over the message's size, both logarithmic.

use std::fmt::Write;

use crate::Row;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
/// The area of the lines: left, right, top, bottom.
const AREA: [f64; 4] = [64.0, 540.0, 40.0, 410.0];
/// Readable on white and on black.
const COLOURS: [&str; 12] = [
    "#8a8a8a", "#e0592a", "#a83a16", "#e08a2a", "#3b82f6", "#14a085", "#9b6dd6", "#c94f8c", "#7a9a01",
    "#b08900", "#5f8fa3", "#a0705a",
];

pub fn svg(sizes: &[usize], rows: &[Row]) -> String {
    let log = |value: f64| value.log10();
    let [left, right, top, bottom] = AREA;
    let (from, to) = (log(sizes[0] as f64), log(sizes[sizes.len() - 1] as f64));
    let all = || rows.iter().flat_map(|row| row.nanoseconds.iter().copied());
    let low = log(all().fold(f64::MAX, f64::min)).floor();
    let high = log(all().fold(1.0, f64::max)).ceil();
    let x = |size: f64| left + (log(size) - from) / (to - from) * (right - left);
    let y = |ns: f64| bottom - (log(ns) - low) / (high - low) * (bottom - top);

    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n\
        <title>Receiving masked text: nanoseconds a message, over its size in bytes</title>\n\
        <style>text {{ font: 12px sans-serif; fill: #777 }} .title {{ font-size: 14px }} \
        .grid {{ stroke: #888; stroke-opacity: .25 }} \
        @media (prefers-color-scheme: dark) {{ text {{ fill: #aaa }} }}</style>\n\
        <text class=\"title\" x=\"{left}\" y=\"20\">Receiving masked text: ns a message, over its size</text>\n"
    );
    for power in low as i32..=high as i32 {
        let (at, label) = (y(10_f64.powi(power)), grid_label(power));
        let _ = writeln!(out, "<path class=\"grid\" d=\"M{left} {at:.1}H{right}\"/>");
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            left - 6.0,
            at + 4.0
        );
    }
    for (&size, (_, label)) in sizes.iter().zip(crate::SIZES) {
        let at = x(size as f64);
        let _ = writeln!(out, "<path class=\"grid\" d=\"M{at:.1} {top}V{bottom}\"/>");
        let _ = writeln!(
            out,
            "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
            bottom + 18.0
        );
    }
    for (at, (row, colour)) in rows.iter().zip(COLOURS.iter().cycle()).enumerate() {
        let points = sizes
            .iter()
            .zip(&row.nanoseconds)
            .map(|(&size, &ns)| format!("{:.1},{:.1}", x(size as f64), y(ns)));
        let points = points.collect::<Vec<_>>().join(" ");
        let is_ours = row.name.contains("wsproto");
        let width = if is_ours { 3.0 } else { 1.5 };
        let dashes = if row.name == "copy" { " stroke-dasharray=\"5 4\"" } else { "" };
        let line = top + 8.0 + 22.0 * at as f64;
        let name = row.name.replace(['*', '`'], "");
        let weight = if is_ours { " font-weight=\"bold\"" } else { "" };
        let _ = writeln!(
            out,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dashes} points=\"{points}\"/>\n\
            <path stroke=\"{colour}\" stroke-width=\"{width}\"{dashes} d=\"M{} {line}h18\"/>\n\
            <text x=\"{}\" y=\"{}\"{weight}>{name}</text>",
            right + 14.0,
            right + 38.0,
            line + 4.0,
        );
    }
    out + "</svg>\n"
}

fn grid_label(power: i32) -> String {
    match power {
        ..3 => format!("{} ns", 10_f64.powi(power)),
        3..6 => format!("{} µs", 10_i32.pow(power.unsigned_abs() - 3)),
        _ => format!("{} ms", 10_i32.pow(power.unsigned_abs() - 6)),
    }
}
