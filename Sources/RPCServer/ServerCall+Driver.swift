internal import EventCore
internal import RPCModel
internal import RPCOverHTTP2
internal import Synchronization

extension ServerCall: CallDriver {
    func outboundDidGrow() {
        if calls.loop.isCurrent, isRunningInline { return }
        calls.flushSoon(self)
    }

    func inboundWasConsumed(byteCount: Int) {
        if calls.loop.isCurrent {
            wasTaken(byteCount)
        } else {
            calls.loop.execute { self.wasTaken(byteCount) }
        }
    }

    func abandon() {
        // The handler's return says how the call ended.
    }

    func finishDetached(_ error: RPCError?) {
        calls.loop.execute { self.finish(error) }
    }

    func execute(_ work: @escaping @Sendable () -> Void) { calls.loop.execute(work) }

    func compressResponses(_ compression: CallOptions.Compression) {
        guard acceptsGzip else { return }
        let chosen: MessageCompression? =
            switch compression {
            case .none: nil
            case .gzip: .gzip
            }
        stream?.chooseOutboundCompression(chosen) {
            namesCompression.store(chosen != nil, ordering: .relaxed)
        }
    }
}
