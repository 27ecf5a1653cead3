import ChimeGateway
import Foundation
import Testing

@Suite("The documented policy for the caller") struct DocumentedPolicyTests {
    @Test("names exactly the actions that the gateway needs, besides the pipelines' service-linked role")
    func namesWhatTheGatewayNeeds() throws {
        let policies = try policies()
        let caller = try #require(policies.first { policy in
            (policy["Statement"] as? [[String: Any]] ?? []).contains { $0["Principal"] == nil && $0["Action"] != nil }
        })
        let statements = caller["Statement"] as? [[String: Any]] ?? []
        let actions = statements.flatMap { $0["Action"] as? [String] ?? [$0["Action"] as? String].compactMap { $0 } }
        #expect(actions.filter { $0 != "iam:CreateServiceLinkedRole" }.sorted() == ChimeGateway.requiredActions)
    }

    @Test("names what the reader of the events' queue needs")
    func namesWhatTheQueueNeeds() throws {
        let statement = try #require(try policies().first { $0["Sid"] as? String == "Events" })
        #expect(statement["Action"] as? [String] == EventQueue.requiredActions)
    }

    private func policies() throws -> [[String: Any]] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/aws.md"), encoding: .utf8)
        return page.components(separatedBy: "```json").dropFirst().compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.components(separatedBy: "```")[0].utf8)) as? [String: Any]
        }
    }
}
