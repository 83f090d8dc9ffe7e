//! One request from arrival to answer. Imports `wire`.

use std::{panic::AssertUnwindSafe, time::Instant};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request as Incoming, State},
    http::header::AUTHORIZATION,
    response::Response,
};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use tokio::net::TcpListener;

use super::{
    Emulator, Error, Inner,
    answer::{Answer, Refusal},
    auth::Caller,
    config::Access,
    fault::Action,
    listener::{CuttableListener, Scissors},
    request::Request,
    routes,
};
use crate::wire::code;

/// The longest body that is read at all: somewhat above the 100 MB that a bulk write may have.
const BODY_MAX_BYTES: usize = 105_000_000;

/// Serves `emulator` on `listener` until `stop` resolves, then lets requests under way finish.
///
/// The caller binds, so it can ask for port 0 and know the address before the first request. The
/// API is below `/client/v4`.
pub async fn serve<S>(listener: TcpListener, emulator: Emulator, stop: S) -> Result<(), Error>
where
    S: Future<Output = ()> + Send + 'static,
{
    emulator.check()?;
    let app = Router::new().fallback(handle).with_state(emulator);
    let app = app.into_make_service_with_connect_info::<Scissors>();
    let server = axum::serve(CuttableListener(listener), app);
    Ok(server.with_graceful_shutdown(stop).await?)
}

async fn handle(
    State(emulator): State<Emulator>,
    ConnectInfo(connection): ConnectInfo<Scissors>,
    incoming: Incoming,
) -> Response {
    let inner = &*emulator.0;
    let path = incoming.uri().path_and_query();
    let path = path.map_or_else(String::new, ToString::to_string);
    let method = incoming.method().to_string();
    let authorized = incoming.headers().contains_key(AUTHORIZATION);
    let mut entry = inner.log.open(&method, &path, authorized);

    // Even a sleep of no length waits for the next tick of the timer.
    if let Some(latency) = inner.latency() {
        tokio::time::sleep(latency).await;
    }
    let action = inner.faults.meet(&method, &path);
    if let Some(Action::CutBefore) = action {
        return cut(&connection);
    }
    let answer = carry_out(inner, incoming, action.as_ref()).await;
    match action {
        Some(Action::CutAfter) => return cut(&connection),
        Some(Action::DelayAfter(delay)) => tokio::time::sleep(delay).await,
        _ => {}
    }
    entry.status = Some(answer.status);
    if let Some(Action::CutBody) = action {
        return cut_body(answer);
    }
    answer.into_response(None)
}

/// Closes the connection without a word.
fn cut(connection: &Scissors) -> Response {
    connection.cut();
    Response::new(Body::empty())
}

/// Sends the head and the first half of the body, and then closes the connection.
fn cut_body(answer: Answer) -> Response {
    let part = answer.body.slice(..answer.body.len() / 2);
    let promised = answer.body.len().max(1);
    let rest = async {
        // One turn for the server to send what it has; an error alone would make it drop that too.
        tokio::task::yield_now().await;
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted))
    };
    let body = stream::iter([Ok(part)]).chain(stream::once(rest));
    let answer = answer.header("content-length", promised.to_string());
    answer.into_response(Some(Body::from_stream(body)))
}

/// Reads the request, answers it, and adds what every answer carries.
async fn carry_out(inner: &Inner, incoming: Incoming, action: Option<&Action>) -> Answer {
    let (parts, body) = incoming.into_parts();
    // Read even where it is not needed: a client that is still sending would miss the answer.
    let body = to_bytes(body, BODY_MAX_BYTES).await;
    let caller = Caller::identify(&inner.config, &parts.headers);
    let place = caller.as_ref().ok().and_then(|caller| place(inner, caller));
    let standing = inner.meter.count(place, Instant::now());

    let answered = async {
        if let Some(Action::Answer(answer)) = action {
            return Ok(answer.clone());
        }
        if let Some(Action::Delay(delay)) = action {
            tokio::time::sleep(*delay).await;
        }
        if standing.is_some_and(|standing| standing.refused) {
            let text = "Please wait and consider throttling your request speed";
            return Err(Refusal::new(429, code::THROTTLED, text));
        }
        let Ok(body) = body else {
            return Ok(Answer::too_large());
        };
        let mut request = Request::read(parts.method, &parts.uri, parts.headers, body)?;
        if let Some(Action::Unsuccessful(keys)) = action {
            request.unsuccessful = Some(keys.clone());
        }
        routes::answer(inner, caller, &request).await
    };
    let mut answer = caught(answered).await.unwrap_or_else(Answer::from);
    if let Some(Action::AnswerAfter(other)) = action {
        answer = other.clone();
    }
    if let Some(standing) = standing {
        standing.tell(&mut answer);
    }
    answer.default_header("cf-ray", inner.ray());
    answer
}

/// Turns a panic into the answer of a service that broke: the next request must find it well.
async fn caught(work: impl Future<Output = Result<Answer, Refusal>>) -> Result<Answer, Refusal> {
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.unwrap_or_else(|_| Err(Refusal::internal()))
}

/// The place of the caller's token in the configuration, which names it without its text.
fn place(inner: &Inner, caller: &Caller<'_>) -> Option<usize> {
    let Access::Tokens(tokens) = &inner.config.access else {
        return None;
    };
    let token = caller.token?;
    tokens.iter().position(|known| std::ptr::eq(known, token))
}
