//! mod_interp
