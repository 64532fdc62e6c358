//! For tests of what processes share.

/// A process that has been forked, and waits to be killed.
pub struct Apart(libc::pid_t);

impl Apart {
    /// Runs `f` in a process of its own; returns when it is done there.
    pub fn run(f: impl FnOnce()) -> Apart {
        let mut pipe = [0; 2];
        // SAFETY: the new process runs `f`, and otherwise does system calls only.
        unsafe {
            assert_eq!(libc::pipe(pipe.as_mut_ptr()), 0);
            let child = libc::fork();
            if child == 0 {
                f();
                libc::write(pipe[1], [0u8].as_ptr().cast(), 1);
                loop {
                    libc::pause();
                }
            }
            libc::read(pipe[0], [0u8].as_mut_ptr().cast(), 1);
            Apart(child)
        }
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.cast_unsigned()
    }

    /// Kills it, and waits until it is gone.
    pub fn kill(self) {
        // SAFETY: a child of ours that has not been waited for.
        unsafe {
            libc::kill(self.0, libc::SIGKILL);
            libc::waitpid(self.0, std::ptr::null_mut(), 0);
        }
    }
}
