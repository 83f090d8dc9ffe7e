//! One request from arrival to answer. Imports `wire`.

use std::{
    convert::Infallible,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{FutureExt as _, StreamExt as _, stream};
use http_body_util::BodyExt as _;
use hyper::{Response, header::AUTHORIZATION, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{net::TcpListener, sync::Semaphore};

use super::{
    Emulator, Error, Inner,
    answer::{Answer, Refusal},
    auth::Caller,
    body::BodyError,
    config::Access,
    content::{Body, stream_body},
    fault::Action,
    listener::{ConnectionCutter, CuttableConnection, accept},
    log, origin,
    request::Request,
    routes,
};
use crate::wire::code;

/// The most connections served at once; others wait to be accepted.
const CONNECTIONS_MAX: usize = 512;

/// How long a client may take to send the head of a request, or pause between requests.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);

/// The longest head of a request.
const HEAD_MAX_BYTES: usize = 64 * 1024;

/// How long pending requests may take after a request to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Serves `emulator` on `listener` until `stop` resolves, then finishes pending requests within five
/// seconds.
///
/// The caller binds, so it can ask for port 0 and know the address before the first request. The
/// API is below `/client/v4`.
pub async fn serve<S>(listener: TcpListener, emulator: Emulator, stop: S) -> Result<(), Error>
where
    S: Future<Output = ()> + Send + 'static,
{
    emulator.check()?;
    let graceful = GracefulShutdown::new();
    let seats = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut stop = std::pin::pin!(stop);
    loop {
        let arrival = async {
            let seat = Arc::clone(&seats).acquire_owned().await;
            (seat, accept(&listener).await)
        };
        let (seat, connection) = tokio::select! {
            biased;
            () = &mut stop => break,
            arrival = arrival => arrival,
        };
        let served = serve_connection(connection, emulator.clone(), graceful.watcher());
        tokio::spawn(async move {
            served.await;
            drop(seat);
        });
    }
    drop(listener);
    // A stalled client must not delay the end.
    tokio::time::timeout(GRACE, graceful.shutdown()).await.ok();
    Ok(())
}

/// Answers the requests of one connection.
async fn serve_connection(connection: CuttableConnection, emulator: Emulator, watcher: Watcher) {
    let cutter = connection.cutter();
    let service = service_fn(move |incoming: hyper::Request<hyper::body::Incoming>| {
        let (emulator, cutter) = (emulator.clone(), cutter.clone());
        async move {
            let answered = handle(
                &emulator,
                &cutter,
                incoming.map(|body| body.map_err(io::Error::other).boxed_unsync()),
            );
            Ok::<_, Infallible>(answered.await)
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_MAX_BYTES)
        // Some clients close their side once they have asked, and still want the answer.
        .half_close(true)
        .serve_connection(TokioIo::new(connection), service);
    // A failed connection concerns its client only.
    watcher.watch(served).await.ok();
}

async fn handle(
    emulator: &Emulator,
    connection: &ConnectionCutter,
    incoming: hyper::Request<Body>,
) -> Response<Body> {
    let inner = &*emulator.0;
    let path = incoming.uri().path_and_query();
    let path = path.map_or_else(String::new, ToString::to_string);
    let method = incoming.method().to_string();
    let authorized = incoming.headers().contains_key(AUTHORIZATION);
    let mut request = inner.log.open(&method, &path, authorized);
    if !origin::is_ours(incoming.headers(), &inner.config.hosts) {
        request.entry.status = Some(403);
        return Answer::from(Refusal::not_this_machine()).into_response(None);
    }

    // Even a sleep of no length waits for the next tick of the timer.
    if let Some(latency) = inner.latency() {
        tokio::time::sleep(latency).await;
    }
    let action = inner.faults.next_action(&method, &path);
    if let Some(Action::CutBefore) = action {
        return cut(connection);
    }
    let answer = carry_out(inner, incoming, action.as_ref(), &mut request.entry).await;
    match action {
        Some(Action::CutAfter) => return cut(connection),
        Some(Action::DelayAfter(delay)) => tokio::time::sleep(delay).await,
        _ => {}
    }
    request.entry.status = Some(answer.status);
    if let Some(Action::CutBody) = action {
        return cut_body(answer);
    }
    request.entry.sent = answer.length().try_into().unwrap_or(usize::MAX);
    answer.into_response(None)
}

/// Closes the connection without an answer.
fn cut(connection: &ConnectionCutter) -> Response<Body> {
    connection.cut();
    Response::new(Body::default())
}

/// Sends the head and the first half of the body, and then closes the connection.
fn cut_body(mut answer: Answer) -> Response<Body> {
    let promised = answer.length().max(1);
    let rest = answer.rest.take().and_then(|source| source.read().ok());
    let body = rest.unwrap_or(answer.body.clone());
    let part = body.slice(..body.len() / 2);
    let end = async {
        // One turn for the server to send what it has; an error alone would make it drop that too.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    };
    let body = stream::iter([Ok(part)]).chain(stream::once(end));
    answer.default_header("content-length", promised.to_string());
    answer.into_response(Some(stream_body(body)))
}

/// Reads the request, answers it, and adds the common headers.
async fn carry_out(
    inner: &Inner,
    incoming: hyper::Request<Body>,
    action: Option<&Action>,
    entry: &mut log::Entry,
) -> Answer {
    let (parts, body) = incoming.into_parts();
    let limit = routes::body_limit(parts.uri.path());
    // Read even where it is not needed: a client that is still sending would miss the answer.
    let body = inner.body_budget.read(body, limit).await;
    entry.received = body.as_ref().map_or(0, |body| body.bytes.len());
    let caller = Caller::identify(&inner.config, &parts.headers);
    let token = caller
        .as_ref()
        .ok()
        .and_then(|caller| token_index(inner, caller));
    let rate_limit = inner.rate_limiter.count(token, Instant::now());

    let answered = async {
        if let Some(Action::Answer(answer)) = action {
            return Ok(answer.clone());
        }
        if let Some(Action::Delay(delay)) = action {
            tokio::time::sleep(*delay).await;
        }
        if rate_limit.is_some_and(|rate_limit| rate_limit.refused) {
            let text = "Please wait and consider throttling your request speed";
            return Err(Refusal::new(429, code::THROTTLED, text));
        }
        // Kept until the end: what is parsed from it takes memory as well.
        let body = match body {
            Ok(body) => body,
            Err(BodyError::TooLong(length)) => return routes::too_long(parts.uri.path(), length),
            Err(error) => return Ok(refuse_body(error)),
        };
        let bytes = body.bytes.clone();
        let mut request = Request::read(parts.method, &parts.uri, parts.headers, bytes)?;
        if let Some(Action::Unsuccessful(keys)) = action {
            request.unsuccessful = Some(keys.clone());
        }
        routes::answer(inner, caller, &request).await
    };
    let mut answer = catch_panics(answered).await.unwrap_or_else(Answer::from);
    if let Some(Action::AnswerAfter(other)) = action {
        answer = other.clone();
    }
    if let Some(rate_limit) = rate_limit {
        rate_limit.add_headers(&mut answer);
    }
    answer.default_header("cf-ray", inner.ray());
    // A panicking clock must not lose the answer.
    let date = catch_unwind(AssertUnwindSafe(|| date(inner.now())));
    if let Ok(Some(date)) = date {
        answer.default_header("date", date);
    }
    answer
}

/// The time by the emulator's clock, as HTTP writes it.
fn date(now: i64) -> Option<String> {
    let time = jiff::Timestamp::from_second(now).ok()?;
    let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
    printer.timestamp_to_rfc9110_string(&time).ok()
}

/// The gateway's answer to a body that does not reach the service.
fn refuse_body(error: BodyError) -> Answer {
    let (status, what) = match error {
        BodyError::TooLong(_) => (413, "Request Entity Too Large"),
        BodyError::OverBudget => (503, "Service Unavailable"),
        BodyError::Timeout => (408, "Request Timeout"),
        BodyError::Incomplete => (400, "Bad Request"),
    };
    let answer = Answer::gateway(status, what);
    if error == BodyError::OverBudget {
        return answer.header("retry-after", "1");
    }
    // The rest of the body would be parsed as the next request.
    answer.header("connection", "close")
}

/// Turns a panic into an internal error, so that later requests are still served.
async fn catch_panics(
    work: impl Future<Output = Result<Answer, Refusal>>,
) -> Result<Answer, Refusal> {
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.unwrap_or_else(|_| Err(Refusal::internal()))
}

/// Returns the index of the caller's token in the configuration, which identifies it without its text.
fn token_index(inner: &Inner, caller: &Caller<'_>) -> Option<usize> {
    let Access::Tokens(tokens) = &inner.config.access else {
        return None;
    };
    let token = caller.token?;
    tokens.iter().position(|known| std::ptr::eq(known, token))
}
