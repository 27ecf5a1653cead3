internal import EventCore
internal import FoundationEssentials
internal import HTTPSClient
internal import Logging
internal import Monitoring
internal import ProgramEdge
internal import RPCServer
internal import StorageSQLite
internal import TextFormats

/// Assembles the service, serves until SIGTERM or SIGINT, and takes it apart in the opposite order.
///
/// Each part needs those before it: records, cloud, domain, entrance.
/// - Throws: why the service could not start, in words for the operator.
func serve(_ configuration: DaemonConfiguration, environment: [String: String], logger: Logger) async throws {
    for sentence in configuration.advice { logger.warning("configuration", metadata: ["advice": "\(sentence)"]) }
    let time = SystemTime()
    let alarms = Alarms(logger: logger)
    let records = try await StorageAssembly.open(configuration, time: time, alarms: alarms)
    let cloud = try AWSAssembly(configuration, environment: environment)
    let domain = try Domain(configuration, records: records, cloud: cloud, time: time, alarms: alarms)
    let entrance = try await ServerAssembly(
        configuration, records: records, domain: domain, http: cloud.http, time: time, alarms: alarms)
    let listeners = configuration.listeners.map(\.description).joined(separator: ", ")
    let addresses = try await StartFailure.naming("listening on \(listeners) (--listen)") {
        try await entrance.server.start().map(\.description)
    }
    let monitoring = try await entrance.startMonitoring(time: time)

    await withDiscardingTaskGroup { group in
        domain.work(in: &group)
        entrance.keepCurrent(in: &group, records: records, receiptKeys: domain.receiptKeys, time: time)
        group.addTask { await records.heads.run() }
        group.addTask { await giveBackSpareMemory(of: entrance.server, time) }
        entrance.monitor.becomeReady()
        logger.info("limits", metadata: entrance.limitsMetadata)
        announce(addresses, monitoring: monitoring?.address, logger)
        SystemdNotifier.notify(.ready, socketPath: environment["NOTIFY_SOCKET"])

        await TerminationSignal.wait()

        logger.notice("stopping")
        entrance.monitor.beginStop()
        SystemdNotifier.notify(.stopping, socketPath: environment["NOTIFY_SOCKET"])
        await entrance.server.shutdown(grace: configuration.shutdownGrace)
        group.cancelAll()
    }
    monitoring?.server.stop()
    await records.close()
    domain.close()
    cloud.http.shutdown()
    logger.notice("stopped", metadata: records.store.statistics.logMetadata)
}

/// Returns free memory to the system; runs until cancelled.
private func giveBackSpareMemory(of server: RPCServer, _ time: SystemTime) async {
    var spare = HeapTrimmer()
    while true {
        do { try await time.sleep(for: HeapTrimmer.look) } catch { return }
        let step = spare.next()
        // Released first, so that its pages are among those that are returned.
        if step != .wait { await server.releaseSpareMemory() }
        HeapTrimmer.take(step)
    }
}

/// Announces the addresses: in the log, and as one line of JSON on standard output for the program that started this
/// one.
private func announce(_ addresses: [String], monitoring: String?, _ logger: Logger) {
    var metadata: Logger.Metadata = ["addresses": "\(addresses.joined(separator: ","))"]
    metadata["monitoring"] = monitoring.map { "\($0)" }
    logger.notice("serving", metadata: metadata)
    var line = Array(#"{"status":"serving","address":"#.utf8)
    (addresses.first ?? "").appendAsJSONString(to: &line)
    line += #","addresses":["#.utf8
    for (index, address) in addresses.enumerated() {
        if index > 0 { line.append(UInt8(ascii: ",")) }
        address.appendAsJSONString(to: &line)
    }
    line.append(UInt8(ascii: "]"))
    if let monitoring {
        line += #","monitoring":"#.utf8
        monitoring.appendAsJSONString(to: &line)
    }
    line += "}\n".utf8
    StandardStream.output.write(line)
}
