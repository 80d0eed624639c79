/** Canonical JSON and tagged digests: one text a value, one value a text. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import {
  canonicalJson,
  digest,
  digestBytes,
  NotCanonical,
  parseCanonicalJson,
  requireDigest
} from "../../cache/Digest.ts"

describe("canonicalJson", () => {
  it("sorts keys, drops undefined, and knows one zero", () => {
    assert.strictEqual(
      canonicalJson({ b: [1, -0, null], a: undefined, "10": "x", "9": true }),
      `{"10":"x","9":true,"b":[1,0,null]}`
    )
  })

  it("tags bigints and bytes, and escapes keys that look like tags", () => {
    assert.strictEqual(canonicalJson(12n), `{"$bigint":"12"}`)
    assert.strictEqual(canonicalJson(new Uint8Array([1, 2])), `{"$bytes":"AQI="}`)
    assert.strictEqual(canonicalJson({ $bigint: "12" }), `{"$$bigint":"12"}`)
  })

  it("tells a lone surrogate from its replacement", () => {
    assert.notStrictEqual(canonicalJson("\ud800"), canonicalJson("\ufffd"))
  })

  it.each([
    [Number.NaN, "$"],
    [{ a: { b: [Number.POSITIVE_INFINITY] } }, "$.a.b[0]"],
    [[() => 1], "$[0]"],
    [[undefined], "$[0]"],
    [{ at: new Date(0) }, "$.at"],
    [Symbol.iterator, "$"],
    [new Map(), "$"]
  ])("refuses %o and says where", (value, path) => {
    try {
      canonicalJson(value)
    } catch (error) {
      assert.instanceOf(error, NotCanonical)
      assert.strictEqual((error as NotCanonical).path, path)
      return
    }
    assert.fail("was accepted")
  })

  it("refuses the holes of a sparse array", () => {
    assert.throws(() => canonicalJson(Object.assign([], { length: 2 })), NotCanonical)
  })
})

const Value = Schema.Union([
  Schema.String,
  Schema.Finite,
  Schema.Boolean,
  Schema.Null,
  Schema.BigInt,
  Schema.Array(Schema.Union([Schema.String, Schema.Finite, Schema.BigInt])),
  Schema.Record(
    Schema.Union([Schema.String, Schema.Literals(["$bigint", "$bytes", "$$", "a"])]),
    Schema.Union([Schema.String, Schema.Finite, Schema.Null])
  )
])

describe("properties", () => {
  it.effect.prop(
    "reading gives back what was written, so no two values share a text",
    [Value],
    ([value]) =>
      Effect.sync(() => {
        const text = canonicalJson(value)
        assert.deepStrictEqual(parseCanonicalJson(text), parseCanonicalJson(canonicalJson(parseCanonicalJson(text))))
        assert.strictEqual(canonicalJson(parseCanonicalJson(text)), text)
        if (typeof value !== "object") {
          assert.deepStrictEqual(parseCanonicalJson(text), Object.is(value, -0) ? 0 : value)
        }
      })
  )

  it.effect.prop("equal texts mean equal values", [Value, Value], ([a, b]) =>
    Effect.sync(() => {
      const normal = (value: unknown) =>
        JSON.stringify(value, (_, v) => typeof v === "bigint" ? ["bigint", String(v)] : Object.is(v, -0) ? 0 : v)
      if (canonicalJson(a) !== canonicalJson(b)) return
      const sorted = (value: unknown) =>
        typeof value === "object" && value !== null && !Array.isArray(value)
          ? Object.fromEntries(Object.entries(value).sort())
          : value
      assert.strictEqual(normal(sorted(a)), normal(sorted(b)))
    }))
})

describe("digest", () => {
  it("is SHA-256 of tag, NUL, canonical JSON", () => {
    // echo -n 'abc' | sha256sum
    assert.strictEqual(digestBytes("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    // printf 'key\0{"a":1}' | sha256sum
    assert.strictEqual(digest("key", { a: 1 }), "65f2b725c76830607a66c2ab50a9d26580e6419eaa24d3a34ec65578c747ba2d")
  })

  it("keeps tag and value apart", () => {
    assert.notStrictEqual(digest("a", "b"), digest("ab", ""))
    assert.throws(() => digest("a\0\"b\"", 1), NotCanonical)
  })

  it("requireDigest refuses what could be a path", () => {
    assert.throws(() => requireDigest("../../etc/passwd"), TypeError)
    assert.strictEqual(requireDigest(digestBytes("")), digestBytes(""))
  })
})
