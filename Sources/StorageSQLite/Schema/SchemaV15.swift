/// The first answers of requests of the API before its names were settled.
///
/// A repeat is known by a hash over the encoded request: the same request of the settled API has another one, and would
/// be refused as another request under the same id.
enum SchemaV15 {
    static let statements = ["DELETE FROM requests"]
}
