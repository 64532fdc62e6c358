//! Figures and names as parts of a page.

use std::time::Duration;

/// A length of time for people.
pub fn time(time: Duration) -> String {
    let (seconds, micros) = (time.as_secs(), time.subsec_micros());
    match seconds {
        0 if micros < 1000 => format!("{micros} µs"),
        0 => format!("{} ms", micros / 1000),
        1..10 => format!("{:.1} s", time.as_secs_f64()),
        10..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Text within a page, or in an attribute.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_texts_are_for_people() {
        let of = |seconds: f64| time(Duration::from_secs_f64(seconds));
        assert_eq!([of(0.0), of(0.000_5), of(0.25), of(2.25)], ["0 µs", "500 µs", "250 ms", "2.2 s"]);
        assert_eq!([of(90.0), of(600.0), of(9000.0), of(200_000.0)], ["90 s", "10 min", "2 h", "2 d"]);
        assert_eq!(escaped("<a href='x'>&\n"), "&lt;a href=&#39;x&#39;&gt;&amp;\u{fffd}");
    }
}
