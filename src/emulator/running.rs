//! An emulator on a thread of its own, for tests. Imports nothing of this crate but its siblings.

use std::{
    future,
    net::{Ipv4Addr, TcpListener},
    thread::{self, JoinHandle},
};

use tokio::sync::oneshot;

use super::{Emulator, Error, request::BASE, serve};

/// An emulator that serves until this is dropped. Does not wait for requests in flight.
#[derive(Debug)]
pub struct Running {
    base_url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// The base URL of the API, such as `http://127.0.0.1:50000/client/v4`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }
}

/// Serves `emulator` on a loopback port of the system's choosing, on a thread with a runtime of its
/// own, so that blocking code and other runtimes can talk to it.
pub fn spawn(emulator: Emulator) -> Result<Running, Error> {
    emulator.check()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let base_url = format!("http://{}{BASE}", listener.local_addr()?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (stop, stopped) = oneshot::channel();
    let work = async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::select! {
            served = serve(listener, emulator, future::pending()) => served,
            _ = stopped => Ok(()),
        }
    };
    // If serving fails, clients get a refused connection.
    let thread = thread::spawn(move || drop(runtime.block_on(work)));
    Ok(Running {
        base_url,
        stop: Some(stop),
        thread: Some(thread),
    })
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}
