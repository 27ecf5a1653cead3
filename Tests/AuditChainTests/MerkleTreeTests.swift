import AuditChain
import Testing
import TextFormats

/// RFC 6962 §2.1 word by word, slow: what the incremental tree and the proofs are held against.
struct PlainTree {
    let leaves: [MerkleHash]

    func root(_ range: Range<Int64>) -> MerkleHash {
        let count = Int(range.upperBound - range.lowerBound)
        if count == 0 { return .empty }
        if count == 1 { return leaves[Int(range.lowerBound)] }
        var half = 1
        while half * 2 < count { half *= 2 }
        let middle = range.lowerBound + Int64(half)
        return .node(root(range.lowerBound..<middle), root(middle..<range.upperBound))
    }

    static func numbered(_ count: Int) -> PlainTree {
        PlainTree(leaves: (0..<count).map { .leaf(Array("leaf \($0)".utf8)) })
    }
}

@Suite("Merkle tree") struct MerkleTreeTests {
    /// The reference data of the certificate transparency project: eight leaves and the root after each.
    static let referenceLeaves: [[UInt8]] = [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
        Array(0x50...0x57), Array(0x60...0x6f),
    ]
    static let referenceRoots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    @Test func `roots are those of the reference data`() {
        var tree = MerkleTree()
        for (leaf, root) in zip(Self.referenceLeaves, Self.referenceRoots) {
            tree.append(leaf: .leaf(leaf))
            #expect(Hex.encode(tree.root.bytes) == root)
        }
        #expect(
            Hex.encode(MerkleTree().root.bytes)
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func `the tree of any size has the root that the definition gives`() {
        let plain = PlainTree.numbered(70)
        var tree = MerkleTree()
        for size in 0...Int64(70) {
            #expect(tree.root == plain.root(0..<size))
            #expect(MerkleTree(size: size, peaks: tree.peaks) == tree)
            if size < 70 { tree.append(leaf: plain.leaves[Int(size)]) }
        }
    }

    @Test func `a tree put together from complete subtrees is the same tree`() {
        let plain = PlainTree.numbered(45)
        var tree = MerkleTree()
        for start in stride(from: Int64(0), to: 40, by: 8) {
            tree.append(subtree: plain.root(start..<start + 8), level: 3) { _, _, _ in }
        }
        for index in 40..<45 { tree.append(leaf: plain.leaves[index]) }
        #expect(tree.size == 45)
        #expect(tree.root == plain.root(0..<45))
    }

    @Test func `each complete node is told once, with its place`() {
        let plain = PlainTree.numbered(16)
        var tree = MerkleTree()
        var nodes: [String: MerkleHash] = [:]
        for leaf in plain.leaves {
            tree.append(subtree: leaf, level: 0) { level, index, hash in
                #expect(nodes.updateValue(hash, forKey: "\(level)/\(index)") == nil)
            }
        }
        #expect(nodes.count == 31)
        for level in 0...4 {
            for index in 0..<Int64(16 >> level) {
                let first = index << Int64(level)
                #expect(nodes["\(level)/\(index)"] == plain.root(first..<first + (1 << Int64(level))))
            }
        }
    }

    @Test func `every leaf of every tree is proven in, and nothing else is`() throws {
        let plain = PlainTree.numbered(33)
        for size in Int64(1)...33 {
            let root = plain.root(0..<size)
            for index in 0..<size {
                let path = try #require(MerkleProof.inclusionRanges(of: index, in: size)).map(plain.root)
                let leaf = plain.leaves[Int(index)]
                #expect(MerkleProof.isIncluded(leaf: leaf, at: index, in: size, root: root, path: path))
                #expect(!MerkleProof.isIncluded(leaf: .empty, at: index, in: size, root: root, path: path))
                #expect(
                    !MerkleProof.isIncluded(
                        leaf: leaf, at: index, in: size, root: root, path: path + [.empty]))
                if size > 1 {
                    let other = (index + 1) % size
                    #expect(!MerkleProof.isIncluded(leaf: leaf, at: other, in: size, root: root, path: path))
                    #expect(
                        !MerkleProof.isIncluded(
                            leaf: leaf, at: index, in: size, root: root, path: Array(path.dropLast())))
                }
            }
        }
        #expect(MerkleProof.inclusionRanges(of: 5, in: 5) == nil)
        #expect(MerkleProof.inclusionRanges(of: -1, in: 5) == nil)
    }

    @Test func `every older tree is proven to be the beginning of every newer one, and no other is`() throws {
        let plain = PlainTree.numbered(33)
        var other = plain.leaves
        other[0] = .leaf([0xff])
        let forged = PlainTree(leaves: other)
        for new in Int64(1)...33 {
            for old in 1...new {
                let path = try #require(MerkleProof.consistencyRanges(from: old, to: new)).map(plain.root)
                let (oldRoot, newRoot) = (plain.root(0..<old), plain.root(0..<new))
                func holds(_ oldRoot: MerkleHash, _ newRoot: MerkleHash, _ path: [MerkleHash]) -> Bool {
                    MerkleProof.isConsistent(
                        from: old, oldRoot: oldRoot, to: new, newRoot: newRoot, path: path)
                }
                #expect(holds(oldRoot, newRoot, path), "\(old) of \(new)")
                #expect(!holds(forged.root(0..<old), newRoot, path))
                #expect(!holds(oldRoot, forged.root(0..<new), path))
                #expect(!holds(oldRoot, newRoot, path + [.empty]))
            }
        }
        #expect(MerkleProof.consistencyRanges(from: 0, to: 5) == nil)
        #expect(MerkleProof.consistencyRanges(from: 6, to: 5) == nil)
    }
}
