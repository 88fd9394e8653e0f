//! The foot of every screen: what changed, the keys that work here, and the toasts.

use ratatui::layout::Rect;

use crate::ui::canvas::Canvas;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Draws the toasts over the last rows, newest lowest.
pub fn toasts(shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
    let rows = (area.y..area.bottom().saturating_sub(2)).rev();
    for (y, toast) in rows.zip(shared.toasts.iter().rev()) {
        let role = if toast.good { Role::Toast } else { Role::Error };
        canvas.clear(Rect::new(area.x, y, area.width, 1), role);
        canvas.text(
            area.x + 1,
            y,
            area.width.saturating_sub(2),
            &toast.text,
            role,
        );
        canvas.redraw_at(Some(toast.until));
    }
}
