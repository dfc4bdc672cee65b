//! The ratios against fluss-rs as a picture: SVG, two panels of bars on a scale of powers of two.

use std::fmt::Write as _;

use super::figures::{Client, Figures, Ratio};

const LABELS: f64 = 300.0;
const PANEL: f64 = 330.0;
const GAP: f64 = 56.0;
const TOP: f64 = 84.0;
const ROW: f64 = 44.0;
const BAR: f64 = 13.0;
const COLOURS: [(Client, &str); 2] = [(Client::Component, "#2f6f8f"), (Client::Native, "#9cc4d6")];
const STYLE: &str = "text{font-family:system-ui,sans-serif;font-size:13px;fill:#222}.title{font-size:17px;font-weight:600}\
                     .small{font-size:11px;fill:#666}.grid{stroke:#e4e4e4}.one{stroke:#555;stroke-dasharray:4 3}";

/// A panel: where it begins, and the least and the most that it shows, in powers of two.
struct Panel {
    left: f64,
    least: f64,
    most: f64,
}

impl Panel {
    fn new(left: f64, ratios: impl Iterator<Item = f64> + Clone) -> Self {
        let powers = ratios.map(f64::log2);
        let least = powers.clone().fold(-1.0, f64::min).floor();
        let most = powers.fold(1.0, f64::max).ceil();
        Self { left, least, most }
    }

    /// Where a ratio stands.
    fn x(&self, ratio: f64) -> f64 {
        let power = ratio.log2().clamp(self.least, self.most);
        self.left + PANEL * (power - self.least) / (self.most - self.least)
    }

    fn grid(&self, out: &mut String, title: &str, bottom: f64) {
        let _ = writeln!(out, "<text x=\"{:.0}\" y=\"{}\">{title}</text>", self.left, TOP - 32.0);
        // Not more than eight lines, so that their numbers do not meet.
        let step = ((self.most - self.least) / 8.0).ceil().max(1.0);
        let mut power = (self.least / step).ceil() * step;
        while power <= self.most {
            let (x, class) = (self.x(power.exp2()), if power == 0.0 { "one" } else { "grid" });
            let _ = writeln!(
                out,
                "<line class=\"{class}\" x1=\"{x:.1}\" y1=\"{}\" x2=\"{x:.1}\" y2=\"{bottom}\"/>",
                TOP - 8.0
            );
            let _ = writeln!(
                out,
                "<text class=\"small\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{}\">{}×</text>",
                TOP - 14.0,
                power.exp2()
            );
            power += step;
        }
    }

    fn bar(&self, out: &mut String, ratio: f64, y: f64, colour: &str) {
        let (one, here) = (self.x(1.0), self.x(ratio));
        let (left, width) = (one.min(here), (here - one).abs().max(1.0));
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\" fill=\"{colour}\"/>"
        );
        // Beside the bar, away from the line of 1.
        let (x, anchor) = if here < one { (left - 4.0, "end") } else { (left + width + 4.0, "start") };
        let digits = if ratio < 10.0 { 2 } else { 0 };
        let _ = writeln!(
            out,
            "<text class=\"small\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{:.1}\">{ratio:.digits$}</text>",
            y + 10.5
        );
    }
}

/// The ratios of our clients against fluss-rs; `None` if nothing was measured of fluss-rs. `subtitle`: machine and date.
pub fn plot(figures: &Figures, subtitle: &str) -> Option<String> {
    let mut rows: Vec<(&str, Vec<(Ratio, &str)>)> = Vec::new();
    for (work, measured) in &figures.works {
        let bars = COLOURS.iter().filter_map(|(client, colour)| {
            let one = measured.iter().find(|one| one.client == *client)?;
            Some((Figures::ratio(measured, one)?, *colour))
        });
        rows.push((&work.name, bars.collect()));
    }
    rows.retain(|(_, bars)| !bars.is_empty());
    (!rows.is_empty()).then(|| draw(&rows, &format!("{} · {subtitle}", figures.server)))
}

fn draw(rows: &[(&str, Vec<(Ratio, &str)>)], subtitle: &str) -> String {
    let all = || rows.iter().flat_map(|(_, bars)| bars.iter().map(|(ratio, _)| *ratio));
    let speed = Panel::new(LABELS, all().map(|ratio| ratio.rate));
    let cpu = Panel::new(LABELS + PANEL + GAP, all().filter_map(|ratio| ratio.cpu));
    let bottom = TOP + ROW * rows.len() as f64;
    let (width, height) = (LABELS + 2.0 * PANEL + GAP + 48.0, bottom + 34.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n<style>{STYLE}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text class=\"title\" x=\"16\" y=\"28\">thalweg against fluss-rs 1.0.0</text>\n"
    );
    let _ = writeln!(out, "<text class=\"small\" x=\"{LABELS}\" y=\"28\">{}</text>", escape(subtitle));
    speed.grid(&mut out, "speed: more is better", bottom);
    cpu.grid(&mut out, "CPU of the client: less is better", bottom);
    for (at, (name, bars)) in rows.iter().enumerate() {
        let y = TOP + ROW * at as f64;
        let _ = writeln!(out, "<text x=\"16\" y=\"{}\">{}</text>", y + 25.0, escape(name));
        for (at, (ratio, colour)) in bars.iter().enumerate() {
            let y = y + 7.0 + (BAR + 3.0) * at as f64;
            speed.bar(&mut out, ratio.rate, y, colour);
            if let Some(ratio) = ratio.cpu {
                cpu.bar(&mut out, ratio, y, colour);
            }
        }
    }
    for (at, (client, colour)) in COLOURS.iter().enumerate() {
        let (x, y) = (16.0 + 130.0 * at as f64, bottom + 12.0);
        let _ =
            writeln!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{BAR}\" height=\"{BAR}\" rx=\"2\" fill=\"{colour}\"/>");
        let _ = writeln!(out, "<text class=\"small\" x=\"{}\" y=\"{}\">{}</text>", x + 18.0, y + 11.0, client.name());
    }
    out + "</svg>\n"
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
