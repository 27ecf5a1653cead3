internal import HTTP2Engine
internal import Transport

extension ServerConfiguration {
    /// Every number and time in force, by the path of its property, as text: for the log of a start, since a limit
    /// that was lost on the way is noticed by nobody. Read off the values themselves, so that none can be forgotten.
    public var limits: [(name: String, value: String)] { Self.limits(of: self, under: "") }

    private static func limits(of group: Any, under path: String) -> [(name: String, value: String)] {
        Mirror(reflecting: group).children.flatMap { child -> [(name: String, value: String)] in
            let name = path + (child.label ?? "")
            return switch child.value {
            case let number as any BinaryInteger: [(name, "\(number)")]
            case let isOn as Bool: [(name, "\(isOn)")]
            case let time as Duration: [(name, "\(time)")]
            case let rate as HTTP2Limits.Rate: [(name, "\(rate.burst) at once, \(rate.perSecond)/s")]
            case is Duration?: [(name, "none")]
            case is ServerTransportConfiguration, is HTTP2Limits, is KeepaliveConfiguration:
                limits(of: child.value, under: name + ".")
            default: []
            }
        }
    }
}
