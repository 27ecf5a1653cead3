internal import HTTP2Engine
internal import Transport

extension ServerConfiguration {
    /// Every number and time in force as text, by the path of its property: for the log at start-up. Read from the
    /// values themselves, so that none is forgotten.
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
