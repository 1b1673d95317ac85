//! A picture of a table: one number over another, both logarithmic.

use std::fmt::Write;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
/// The area of the lines: left, right, top, bottom.
const AREA: [f64; 4] = [64.0, 540.0, 40.0, 410.0];
/// Readable on white and on black.
const COLOURS: [&str; 12] = [
    "#8a8a8a", "#e0592a", "#a83a16", "#e08a2a", "#3b82f6", "#14a085", "#9b6dd6", "#c94f8c", "#7a9a01",
    "#b08900", "#5f8fa3", "#a0705a",
];

/// What is drawn: a line for each row of the table, named by its first cell.
pub struct Plot<'a> {
    pub title: &'a str,
    /// The columns: where each is, and what stands below.
    pub columns: &'a [(usize, &'a str)],
    pub rows: Vec<(&'a str, &'a [f64])>,
    /// The unit of a power of ten.
    pub label: fn(i32) -> String,
}

impl Plot<'_> {
    pub fn svg(&self) -> String {
        let Self { title, columns, rows, label } = self;
        let log = |value: f64| value.log10();
        let [left, right, top, bottom] = AREA;
        let (from, to) = (log(columns[0].0 as f64), log(columns[columns.len() - 1].0 as f64));
        let all = || rows.iter().flat_map(|(_, values)| values.iter().copied());
        let low = log(all().fold(f64::MAX, f64::min)).floor();
        let high = log(all().fold(f64::MIN_POSITIVE, f64::max)).ceil();
        let x = |size: f64| left + (log(size) - from) / (to - from) * (right - left);
        let y = |value: f64| bottom - (log(value) - low) / (high - low) * (bottom - top);

        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n\
        <title>{title}</title>\n\
        <style>text {{ font: 12px sans-serif; fill: #777 }} .title {{ font-size: 14px }} \
        .grid {{ stroke: #888; stroke-opacity: .25 }} \
        @media (prefers-color-scheme: dark) {{ text {{ fill: #aaa }} }}</style>\n\
        <text class=\"title\" x=\"{left}\" y=\"20\">{title}</text>\n"
        );
        for power in low as i32..=high as i32 {
            let (at, label) = (y(10_f64.powi(power)), label(power));
            let _ = writeln!(out, "<path class=\"grid\" d=\"M{left} {at:.1}H{right}\"/>");
            let _ = writeln!(
                out,
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                left - 6.0,
                at + 4.0
            );
        }
        for &(size, label) in *columns {
            let at = x(size as f64);
            let _ = writeln!(out, "<path class=\"grid\" d=\"M{at:.1} {top}V{bottom}\"/>");
            let _ = writeln!(
                out,
                "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
                bottom + 18.0
            );
        }
        for (at, ((name, values), colour)) in rows.iter().zip(COLOURS.iter().cycle()).enumerate() {
            let points = columns.iter().zip(*values);
            let points = points.map(|(&(size, _), &value)| format!("{:.1},{:.1}", x(size as f64), y(value)));
            let points = points.collect::<Vec<_>>().join(" ");
            let is_ours = name.contains("wsproto") || name.starts_with("echo_");
            let width = if is_ours { 3.0 } else { 1.5 };
            let dashes = if *name == "copy" { " stroke-dasharray=\"5 4\"" } else { "" };
            let line = top + 8.0 + 22.0 * at as f64;
            let name = name.replace(['*', '`'], "");
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
}
