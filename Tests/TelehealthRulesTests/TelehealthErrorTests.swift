import TelehealthModel
import TelehealthRules
import Testing

@Suite("A reason") struct TelehealthErrorTests {
    @Test func `every reason is in capitals, has a sentence, and only says what its category says`() {
        for reason in TelehealthError.Reason.allCases {
            #expect(reason.rawValue.utf8.allSatisfy { (65...90).contains($0) || $0 == 95 })
            #expect(reason.sentence != reason.rawValue)
        }
    }

    @Test func `each failure of the store has its reason, and those that pass say when to come again`() {
        #expect(TelehealthError(StoreError.full) == TelehealthError(.storeFull))
        #expect(TelehealthError(StoreError.failed(code: 10, operation: "commit")) == TelehealthError(.storeUnavailable))
        #expect(TelehealthError(StoreError.closed) == TelehealthError(.storeUnavailable))
        #expect(
            TelehealthError(StoreError.overloaded) == TelehealthError(.storeOverloaded, retryAfter: .seconds(1)))
    }
}
