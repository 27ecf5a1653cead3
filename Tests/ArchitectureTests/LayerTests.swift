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
        #expect(Set(manifest.targets.map(\.name)).count == manifest.targets.count, "a name occurs twice")
    }

    @Test func `the table itself is in layers`() {
        for (index, row) in LayerTable.rows.enumerated() {
            for name in row.mayUse {
                guard let other = LayerTable.rows.firstIndex(where: { $0.name == name }) else { continue }
                #expect(other < index, "\(row.name) may not use \(name), which stands below it")
                #expect(LayerTable.rows[other].layer <= row.layer)
            }
        }
        for (row, next) in zip(LayerTable.rows, LayerTable.rows.dropFirst()) {
            #expect(row.layer <= next.layer)
        }
    }

    @Test func `a target declares no dependency that its row does not allow`() {
        for target in manifest.targets where !target.isTest {
            guard let row = LayerTable.row(target.name) else { continue }
            let extra = target.dependencies.subtracting(row.mayUse).sorted()
            #expect(extra.isEmpty, "\(target.name) depends on \(extra)")
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
        where !target.isC && !target.isTest && Repository.isPresent(target) {
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
    }

    @Test func `the package depends on the listed packages alone`() {
        #expect(!manifest.packages.isEmpty, "the manifest could not be read")
        let extra = Set(manifest.packages).subtracting(LayerTable.packages).sorted()
        #expect(extra.isEmpty, "not in LayerTable.packages: \(extra)")
    }
}
