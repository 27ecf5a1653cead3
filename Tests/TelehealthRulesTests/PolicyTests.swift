import TelehealthRules
import Testing

@Suite("The policy") struct PolicyTests {
    @Test func `the default policy contradicts itself nowhere, and contradictions are named`() {
        #expect(Policy().violations.isEmpty)
        var policy = Policy()
        policy.mediaRegion = "eu-central-1"
        policy.playbackValidity = .seconds(301)
        policy.effectLease = policy.gatewayTimeout
        #expect(policy.violations.count == 3)
    }
}
