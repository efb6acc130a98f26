/// What a job of the type `thumbnail` carries, and what it leaves behind.
struct Thumbnail: Codable {
    /// The image's size in pixels.
    let width: Int
    let height: Int

    /// The largest size of the same shape that fits into a square of `side` pixels; never larger than the image.
    func fitted(into side: Int) -> Thumbnail {
        let longest = max(width, height, 1)
        guard longest > side else { return self }
        return Thumbnail(width: max(1, width * side / longest), height: max(1, height * side / longest))
    }
}
