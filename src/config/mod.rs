//! Settings in layers: flags, `WARBOARD_*` variables, the file, defaults; and the backend's own file with its directory.
//! Every room declares what it can be told; here it is read, checked and composed.
