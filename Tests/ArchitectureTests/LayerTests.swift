import Foundation
import Testing

@Suite("Layers") struct LayerTests {
    let manifest: Manifest

    init() throws { manifest = try Repository.manifest() }

    @Test func `every target of the package has its row in the table`() {
        #expect(manifest.targets.count > 20, "the manifest could not be read")
        for target in manifest.targets where !target.isTest {
            #expect(LayerTable.row(target.name) != nil, "\(target.name) has no row in LayerTable.swift")
        }
        for row in LayerTable.rows {
            let isTarget = manifest.targets.contains { $0.name == row.name } || manifest.madeByTools.contains(row.name)
            #expect(isTarget, "\(row.name) has a row and is not a target")
        }
        #expect(Set(manifest.targets.map(\.name)).count == manifest.targets.count, "a name occurs twice")
    }

    @Test func `the table itself is in layers`() {
        for (index, row) in LayerTable.rows.enumerated() {
            let system = row.uses.intersection(LayerTable.toolchain)
            let tooMuch = system.subtracting(LayerTable.systemModules(layer: row.layer)).sorted()
            #expect(tooMuch.isEmpty, "\(row.name) may not use \(tooMuch) in layer \(row.layer)")
            for name in row.uses {
                guard let other = LayerTable.rows.firstIndex(where: { $0.name == name }) else { continue }
                #expect(other < index, "\(row.name) may not use \(name), which stands below it")
                #expect(LayerTable.rows[other].layer <= row.layer)
            }
        }
        for (row, next) in zip(LayerTable.rows, LayerTable.rows.dropFirst()) {
            #expect(row.layer <= next.layer)
        }
    }

    @Test func `a target declares the dependencies that its row names, and no other`() {
        for target in manifest.targets where !target.isTest {
            guard let row = LayerTable.row(target.name) else { continue }
            let extra = target.dependencies.subtracting(row.declared).sorted()
            #expect(extra.isEmpty, "\(target.name) depends on \(extra)")
            let missing = row.declared.subtracting(target.dependencies).sorted()
            #expect(missing.isEmpty, "\(target.name) does not declare \(missing)")
        }
    }

    @Test func `a target imports what its row names, and nothing else`() {
        for target in manifest.targets where !target.isC && !target.isTest && Repository.isPresent(target) {
            guard let row = LayerTable.row(target.name) else { continue }
            let imported = Set(Repository.sources(in: target.path).flatMap { $0.imports.map(\.module) })
            let extra = imported.subtracting(row.uses).sorted()
            #expect(extra.isEmpty, "\(target.name) imports \(extra), which its row does not name")
            let unused = row.uses.subtracting(imported).sorted()
            #expect(unused.isEmpty, "\(target.name) never imports \(unused), which its row names")
        }
    }

    @Test func `a module of the toolchain that a layer may use is used there`() {
        for layers in [0...1, 2...LayerTable.lastLayerWithoutFoundation, 9...9] {
            let used = LayerTable.rows.filter { layers.contains($0.layer) }.reduce(into: Set()) { $0.formUnion($1.uses) }
            let unused = LayerTable.systemModules(layer: layers.upperBound).subtracting(used).sorted()
            #expect(unused.isEmpty, "\(layers): \(unused)")
        }
    }

    @Test func `the domain's values and rules hold no lock, start no task and read no clock`() {
        let effects =
            /\b(Mutex|Atomic|withTaskGroup|withThrowingTaskGroup|ContinuousClock|SuspendingClock)\b|\bTask(\.detached)?\s*\{/
        for name in LayerTable.domain {
            #expect(LayerTable.row(name)?.uses.contains("Synchronization") == false, "\(name) holds locks")
            let sources = Repository.sources(in: "Sources/\(name)")
            #expect(!sources.isEmpty, "\(name) was not found")
            for source in sources {
                for (index, line) in source.code.enumerated() where line.firstMatch(of: effects) != nil {
                    Issue.record("\(source.path):\(index + 1): \(name) is pure")
                }
            }
        }
    }

    @Test func `tests stand on no program and on no other test`() {
        let programs = Set(manifest.targets.filter { $0.kind == .program || $0.kind == .tests }.map(\.name))
        for target in manifest.targets where target.isTest {
            let wrong = target.dependencies.intersection(programs)
            #expect(wrong.isEmpty, "\(target.name) depends on \(wrong.sorted())")
        }
    }

    @Test func `an import is declared by its target, or belongs to the toolchain`() throws {
        for target in manifest.targets where !target.isC && Repository.isPresent(target) {
            let layer = LayerTable.row(target.name)?.layer ?? 9
            var allowed = target.dependencies.union(LayerTable.systemModules(layer: layer))
            if target.isTest { allowed.insert("Testing") }
            for source in Repository.sources(in: target.path) {
                for entry in source.imports where !allowed.contains(entry.module) {
                    Issue.record(
                        "\(source.path):\(entry.line): \(target.name) may not import \(entry.module)")
                }
            }
        }
    }

    @Test func `a declared dependency is used`() {
        for target in manifest.targets
        where !target.isC && Repository.isPresent(target) {
            let imported = Set(Repository.sources(in: target.path).flatMap { $0.imports.map(\.module) })
            let missing = target.dependencies.filter { name in
                // A dependency that is not there yet is left out of the build.
                let other = manifest.targets.first { $0.name == name }
                return !imported.contains(name) && other.map(Repository.isPresent) ?? true
            }
            #expect(missing.isEmpty, "\(target.name) never imports \(missing.sorted())")
        }
    }

    @Test func `the pure layers are built with strict memory safety`() {
        for target in manifest.targets where LayerTable.row(target.name)?.layer == 1 {
            #expect(target.isPure, "\(target.name) lacks settings: pure")
        }
    }

    /// The file named after its target, or a C library's header.
    @Test func `every folder of a target says in its first line what the target is for`() throws {
        for target in manifest.targets where target.path.hasPrefix("Sources/") {
            let files = Repository.files(in: target.path, withExtensions: ["swift", "h"])
            let named = files.first { file in
                let name = URL(filePath: file).deletingPathExtension().lastPathComponent
                return name.lowercased() == target.name.lowercased() || target.isC && name == "shim"
            }
            guard let named else {
                Issue.record("\(target.path) has no file named after its target")
                continue
            }
            let first = try Repository.text(named).prefix { $0 != "\n" }
            #expect(first.hasPrefix("// ") && first.count > 20, "\(named) does not begin with its target's purpose")
        }
    }

    @Test func `a C library is imported by one target, and not passed on`() throws {
        for library in manifest.targets where library.isC {
            var importers: Set<String> = []
            for target in manifest.targets where !target.isTest && Repository.isPresent(target) {
                for source in Repository.sources(in: target.path) {
                    for entry in source.imports where entry.module == library.name {
                        importers.insert(target.name)
                        #expect(
                            entry.access == "internal" || entry.access == "private",
                            "\(source.path):\(entry.line): import \(library.name) internally")
                    }
                }
            }
            #expect(importers.count <= 1, "\(library.name) is imported by \(importers.sorted())")
        }
    }

    @Test func `a package of others has one owner, but for the shared ones`() {
        var owners: [String: Set<String>] = [:]
        for target in manifest.targets where !target.isTest {
            for product in target.productDependencies { owners[product, default: []].insert(target.name) }
        }
        let programs = Set(manifest.targets.filter { $0.kind == .program }.map(\.name))
        for (product, names) in owners where !LayerTable.sharedProducts.contains(product) {
            if LayerTable.programProducts.contains(product) {
                #expect(names.isSubset(of: programs), "\(product) is for programs: \(names.sorted())")
            } else {
                #expect(names.count == 1, "\(product) is used by \(names.sorted())")
            }
        }
        for product in LayerTable.sharedProducts {
            #expect(owners[product, default: []].count > 1, "\(product) is not shared")
        }
        for product in LayerTable.programProducts { #expect(owners[product] != nil, "no program uses \(product)") }
    }

    @Test func `the package depends on the listed packages alone`() {
        #expect(!manifest.packages.isEmpty, "the manifest could not be read")
        let extra = Set(manifest.packages).subtracting(LayerTable.packages).sorted()
        #expect(extra.isEmpty, "not in LayerTable.packages: \(extra)")
        let unused = LayerTable.packages.subtracting(manifest.packages).sorted()
        #expect(unused.isEmpty, "not in Package.swift: \(unused)")
    }
}
