//! The store port, on both engines: what every store must do, what several nodes on one database must do, and what must
//! hold while a database goes away. The same tests run on SQLite and on PostgreSQL, so that every statement is run on both.

/// Each of these tests, on both engines.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::Place::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::Place::postgres().await).await;
            })*
        }
    };
}

mod contract;
mod fault;
pub mod line;
mod node;
mod place;
mod record;
mod role;
mod share;
