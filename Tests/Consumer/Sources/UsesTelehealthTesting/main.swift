import ProtobufWire
import RPCModel
import TelehealthAPI
import TelehealthClient
import TelehealthTesting

/// What a stranger's test looks like: their code, over a service that does as the test says.
func close(_ visit: String, with client: TelehealthClient) async -> String {
    do throws(RPCError) {
        let ended = try await client.sessions.end(.with { $0.sessionID = visit })
        return "\(ended.session?.sessionID ?? "") is over"
    } catch {
        return error.reason ?? "\(error)"
    }
}

let service = ScriptedService()
service.sessions.end.answerNext(.with { $0.session = .with { $0.sessionID = "visit-1" } })
service.sessions.end.failNext(.refusal(.invalidState, metadata: ["status": "CANCELLED"]))
let client = try service.client()
let words = [await close("visit-1", with: client), await close("visit-2", with: client)]
guard words == ["visit-1 is over", "INVALID_STATE"],
    service.sessions.end.requests.map(\.sessionID) == ["visit-1", "visit-2"]
else { throw RPCError(.internal, "\(words)") }
print("a program was tested against a scripted service")
