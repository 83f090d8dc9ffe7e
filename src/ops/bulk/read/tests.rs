//! How files of records are read and checked.

use super::*;

#[tokio::test]
async fn pages_are_listed_while_those_before_are_read_but_not_too_many() {
    let listed = std::cell::Cell::new(0);
    let numbers = stream::iter(0..7).inspect(|_| listed.set(listed.get() + 1));
    let (listing, pages) = ahead_of_reading(numbers.map(Ok));
    let (mut listing, mut pages) = (pin!(listing), pin!(pages));
    for number in 0..7 {
        let over = listing.as_mut().now_or_never().is_some();
        // One more waits for room.
        let most = 7.min(number + Reader::PAGES_AHEAD + 1);
        assert_eq!((listed.get(), over), (most, most == 7 && number >= 5));
        assert!(matches!(pages.next().await, Some(Ok(page)) if page == number));
        if over {
            break;
        }
    }
}

#[tokio::test]
async fn no_page_is_listed_after_one_that_failed() {
    let failed = || Err(Error::TooManyAbsent(1));
    let pages = stream::iter([Ok(1), failed(), Ok(2)]);
    let (listing, pages) = ahead_of_reading(pages);
    let all = pages.collect::<Vec<_>>();
    let (pages, ()) = futures_util::future::join(all, listing).await;
    assert!(matches!(pages[..], [Ok(1), Err(_)]), "{pages:?}");
}

#[test]
fn the_more_is_binary_the_fewer_are_asked_for_at_once() {
    let sizes = [0, 1, 5, 20, 60, 120, 250, 1000].map(|binary| group(binary, 1000));
    assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
    assert_eq!((sizes[0], sizes[7]), (100, 1));
    assert!((4..50).contains(&sizes[4]), "{sizes:?}");
    assert_eq!(group(0, 0), 100);
}
