//! The reader's side of the API: a typed client for one backend, and the pollers that keep a board current.
//! What is drawn of it is `ui`; the bodies it reads are `wire`'s.
