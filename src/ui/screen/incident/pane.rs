//! The panes of the incident screen and where each stands: side by side where there is room, two columns in a terminal of
//! the usual size, one at a time on a small one. What a pane holds is not known here.

use ratatui::layout::Rect;

/// A pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    Facts,
    Gates,
    #[default]
    Duties,
    Pages,
    Timeline,
}

/// How many there are.
pub const PANES: usize = 5;

impl Pane {
    /// Every pane, in the order of `Tab`.
    pub const ALL: [Pane; PANES] = [
        Pane::Facts,
        Pane::Gates,
        Pane::Duties,
        Pane::Pages,
        Pane::Timeline,
    ];

    /// Its place among all.
    pub fn at(self) -> usize {
        Pane::ALL.iter().position(|pane| *pane == self).unwrap_or(0)
    }

    /// The next or the one before, in a circle.
    #[must_use]
    pub fn other(self, forward: bool) -> Pane {
        let step = if forward { 1 } else { PANES - 1 };
        let at = (self.at() + step) % PANES;
        Pane::ALL.get(at).copied().unwrap_or_default()
    }

    /// The heading.
    pub const fn title(self) -> &'static str {
        match self {
            Pane::Facts => "FACTS",
            Pane::Gates => "GATES",
            Pane::Duties => "DUTIES",
            Pane::Pages => "PAGES",
            Pane::Timeline => "TIMELINE",
        }
    }
}

/// How the panes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Facts over gates, duties over pages, timeline.
    Three,
    /// Facts over gates; duties, pages and timeline.
    Two,
    /// The one that has the keys.
    One,
}

/// The form for a room.
pub fn form(body: Rect) -> Form {
    match (body.width, body.height) {
        (160.., 20..) => Form::Three,
        (72.., 14..) => Form::Two,
        _ => Form::One,
    }
}

/// The columns: where each begins and how wide it is; a cell for a rule between them.
pub fn columns(body: Rect) -> Vec<Rect> {
    let column = |x: u16, width: u16| Rect::new(body.x + x, body.y, width, body.height);
    match form(body) {
        Form::One => vec![body],
        Form::Two => {
            let left = (body.width * 9 / 20).min(64);
            vec![column(0, left), column(left + 1, body.width - left - 1)]
        }
        Form::Three => {
            let left = (body.width * 3 / 10).min(64);
            let right = body.width * 33 / 100;
            let middle = body.width - left - right - 2;
            vec![
                column(0, left),
                column(left + 1, middle),
                column(left + middle + 2, right),
            ]
        }
    }
}

/// In which column a pane stands.
fn column_of(form: Form, pane: Pane) -> usize {
    match (form, pane) {
        (Form::One, _) | (_, Pane::Facts | Pane::Gates) => 0,
        (Form::Three, Pane::Timeline) => 2,
        _ => 1,
    }
}

/// Cells of a line in each pane: a margin on the left, a scroll bar on the right.
pub fn widths(body: Rect) -> [u16; PANES] {
    let (form, columns) = (form(body), columns(body));
    Pane::ALL.map(|pane| {
        let column = columns.get(column_of(form, pane));
        column.map_or(0, |column| column.width.saturating_sub(2))
    })
}

/// Where each pane stands, its heading included, when it would like to show so many lines; `None`: not seen now.
pub fn places(body: Rect, wants: [usize; PANES], focus: Pane) -> [Option<Rect>; PANES] {
    let form = form(body);
    let mut places = [None; PANES];
    if form == Form::One {
        if let Some(place) = places.get_mut(focus.at()) {
            *place = Some(body);
        }
        return places;
    }
    for (i, column) in columns(body).into_iter().enumerate() {
        let here: Vec<Pane> = Pane::ALL
            .into_iter()
            .filter(|pane| column_of(form, *pane) == i)
            .collect();
        let heights = heights(column.height, &here, wants, focus);
        let mut y = column.y;
        for (pane, height) in here.iter().zip(heights) {
            if let Some(place) = places.get_mut(pane.at()) {
                *place = Some(Rect::new(column.x, y, column.width, height));
            }
            y += height;
        }
    }
    places
}

/// Each gets a little; then the one with the keys what it wants but for a third, then the others in their order of
/// need; what is left is the last one's, or the first one's where that is the facts.
fn heights(all: u16, here: &[Pane], wants: [usize; PANES], focus: Pane) -> Vec<u16> {
    let count = u16::try_from(here.len()).unwrap_or(1).max(1);
    let least = (all / (2 * count)).clamp(2, 6);
    let want = |pane: Pane| {
        let lines = wants.get(pane.at()).copied().unwrap_or_default().max(1);
        u16::try_from(lines + 1).unwrap_or(u16::MAX)
    };
    let mut heights: Vec<u16> = here.iter().map(|pane| want(*pane).min(least)).collect();
    let mut left = all.saturating_sub(heights.iter().sum());
    let need = [
        Pane::Gates,
        Pane::Duties,
        Pane::Pages,
        Pane::Timeline,
        Pane::Facts,
    ];
    // Half of the column at most, before each has had its turn.
    let turns = [(true, all - all / 3), (false, all / 2), (false, all)];
    for (only_focus, most) in turns {
        for pane in need
            .into_iter()
            .filter(|pane| !only_focus || *pane == focus)
        {
            let Some(at) = here.iter().position(|other| *other == pane) else {
                continue;
            };
            if let Some(height) = heights.get_mut(at) {
                let more = want(pane).min(most).saturating_sub(*height).min(left);
                *height += more;
                left -= more;
            }
        }
    }
    let rest = match here.first() {
        Some(Pane::Facts) => heights.first_mut(),
        _ => heights.last_mut(),
    };
    if let Some(height) = rest {
        *height += left;
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_fill_their_columns_and_none_vanishes() {
        for (w, h) in [(200, 44), (160, 20), (120, 34), (80, 18), (72, 14)] {
            for wants in [[0; PANES], [3; PANES], [400, 2, 900, 9, 5000]] {
                for focus in Pane::ALL {
                    let body = Rect::new(0, 4, w, h);
                    let places = places(body, wants, focus);
                    for (i, column) in columns(body).into_iter().enumerate() {
                        let here = Pane::ALL.iter().zip(places);
                        let here = here.filter(|(pane, _)| column_of(form(body), **pane) == i);
                        let tall: Vec<u16> = here.filter_map(|(_, at)| Some(at?.height)).collect();
                        assert!(tall.iter().all(|tall| *tall >= 2), "{w}x{h} {tall:?}");
                        assert_eq!(tall.iter().sum::<u16>(), column.height, "{w}x{h}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_small_window_shows_the_pane_that_has_the_keys() {
        let body = Rect::new(0, 2, 40, 9);
        let places = places(body, [9; PANES], Pane::Pages);
        assert_eq!(places.iter().flatten().count(), 1);
        assert_eq!(places.get(Pane::Pages.at()), Some(&Some(body)));
        assert_eq!(Pane::Timeline.other(true), Pane::Facts);
        assert_eq!(Pane::Facts.other(false), Pane::Timeline);
    }
}
