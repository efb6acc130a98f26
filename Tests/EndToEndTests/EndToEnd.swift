import Testing

/// The whole product as its users have it: the `penstock` executable in processes of its own, which are sent requests,
/// signals and nothing else. One test at a time: each takes all the processors that there are.
@Suite(.serialized) struct EndToEnd {}
