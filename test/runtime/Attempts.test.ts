import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Semaphore from "effect/Semaphore"
import * as TestClock from "effect/testing/TestClock"
import * as Attempts from "../../runtime/Attempts.ts"
import * as Control from "../../runtime/Control.ts"
import type { Transient } from "../../runtime/Transient.ts"

/** An error as services have them. */
class Refused extends Error {
  readonly transient: Transient | undefined
  constructor(message: string, transient?: Transient) {
    super(message)
    this.transient = transient
  }
}

const busy = (afterMs?: number) =>
  new Refused("busy", { class: "rate-limit", ...(afterMs === undefined ? {} : { afterMs }) })
const down = new Refused("down", { class: "server" })

/** A body that fails with these errors in turn and then succeeds. */
const failing = (...errors: ReadonlyArray<unknown>) => {
  const body = { runs: 0, effect: undefined as unknown as Effect.Effect<string, unknown> }
  body.effect = Effect.suspend(() => {
    const error = errors[body.runs++]
    return error === undefined ? Effect.succeed("done") : Effect.fail(error)
  })
  return body
}

/** Jitter at its middle: a wait is three quarters of what it may be at most. */
const evenly = Effect.provideService(Random.Random, { nextIntUnsafe: () => 0, nextDoubleUnsafe: () => 0.5 })

/** Retries an effect is told of, and its end. */
const observed = (policy: Attempts.Policy, body: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function*() {
    const retried: Array<Attempts.Retried> = []
    const exit = yield* Effect.exit(evenly(Attempts.attempts(policy, (one) => void retried.push(one))(body)))
    return { exit, retried }
  })

/** Lets a fiber go on through all its waits. */
const passing = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

const squashed = (exit: Exit.Exit<unknown, unknown>): unknown =>
  Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined

const rows: Attempts.Policy = { kind: "rows" }

describe("attempts", () => {
  it.effect("are made again after waits that double by class, three quarters of them at middle jitter", () =>
    Effect.gen(function*() {
      const body = failing(busy(), down, busy(), down)
      const { exit, retried } = yield* passing(observed(rows, body.effect))
      assert.deepStrictEqual(exit, Exit.succeed("done"))
      assert.deepStrictEqual(retried, [
        { attempt: 1, class: "rate-limit", delayMs: 1500, reason: "busy" }, // of 2 s
        { attempt: 2, class: "server", delayMs: 750, reason: "down" }, // of 1 s
        { attempt: 3, class: "rate-limit", delayMs: 3000, reason: "busy" }, // of 4 s
        { attempt: 4, class: "server", delayMs: 1500, reason: "down" } // of 2 s
      ])
      assert.strictEqual(body.runs, 5)
    }))

  it.effect("wait no shorter than asked, and no longer than half a wait more or less", () =>
    Effect.gen(function*() {
      for (const [nextDouble, delayMs] of [[0, 5500], [0.999, 6000]] as const) {
        const retried: Array<number> = []
        const policy = { ...rows, retry: { firstSeconds: 1 } }
        const body = Attempts.attempts(policy, ({ delayMs }) => void retried.push(delayMs))(failing(busy(5000)).effect)
        const jitter = { nextIntUnsafe: () => 0, nextDoubleUnsafe: () => nextDouble }
        yield* passing(Effect.provideService(body, Random.Random, jitter))
        assert.deepStrictEqual(retried, [delayMs])
      }
    }))

  it.effect("do not begin before the wait is over", () =>
    Effect.gen(function*() {
      const body = failing(down)
      const fiber = yield* Effect.forkChild(observed(rows, body.effect))
      yield* TestClock.adjust("749 millis")
      assert.strictEqual(body.runs, 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(body.runs, 2)
      yield* Fiber.join(fiber)
    }))

  it.effect("end with the last error and their number", () =>
    Effect.gen(function*() {
      const body = failing(...Array.from({ length: 50 }, () => down))
      const { exit, retried } = yield* passing(observed(rows, body.effect))
      const error = squashed(exit)
      assert.instanceOf(error, Attempts.GivenUp)
      assert.strictEqual(error.message, "down (6 attempts)")
      assert.strictEqual(error.last, down)
      assert.strictEqual(body.runs, 6)
      assert.strictEqual(retried.length, 5)
    }))

  it.effect("are one where the error does not pass, is an interruption, or the node wants no more", () =>
    Effect.gen(function*() {
      const refused = new Refused("no")
      const wrong = failing(refused, refused)
      assert.strictEqual(squashed((yield* observed(rows, wrong.effect)).exit), refused)
      assert.strictEqual(wrong.runs, 1)

      const single = failing(down, down)
      assert.strictEqual(squashed((yield* observed({ ...rows, retry: { tries: 1 } }, single.effect)).exit), down)
      assert.strictEqual(single.runs, 1)

      const { exit, retried } = yield* observed(rows, Effect.interrupt)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
      assert.deepStrictEqual(retried, [])
    }))

  it.effect("are given up when a server asks for more patience than there is", () =>
    Effect.gen(function*() {
      const body = failing(busy(3_600_000))
      const { exit, retried } = yield* observed(rows, body.effect)
      assert.strictEqual((squashed(exit) as Error).message, "busy (it asks to wait 3600 seconds)")
      assert.deepStrictEqual(retried, [])
      const patient = { ...rows, retry: { longestSeconds: 3600 } }
      assert.deepStrictEqual(
        (yield* passing(observed(patient, failing(busy(3_600_000 - 2000)).effect))).exit._tag,
        "Success"
      )
    }))

  it.effect("count an error thrown by a body like one it fails with", () =>
    Effect.gen(function*() {
      let runs = 0
      const body = Effect.sync(() => {
        if (++runs === 1) throw down
        return runs
      })
      assert.deepStrictEqual((yield* passing(observed(rows, body))).exit, Exit.succeed(2))
    }))

  it.effect("follow the node's own numbers", () =>
    Effect.gen(function*() {
      const policy = { ...rows, retry: { tries: 3, firstSeconds: 10, longestSeconds: 12 } }
      const { exit, retried } = yield* passing(observed(policy, failing(down, down, down).effect))
      assert.deepStrictEqual(retried.map(({ delayMs }) => delayMs), [7500, 9000]) // of 10 s and 12 s
      assert.strictEqual((squashed(exit) as Error).message, "down (3 attempts)")
    }))
})

describe("time limits", () => {
  it.effect("hold for each attempt, and a late one is a time-out", () =>
    Effect.gen(function*() {
      let runs = 0
      const slow = Effect.suspend(() => Effect.sleep(++runs === 3 ? "4 seconds" : "6 seconds"))
      const { exit, retried } = yield* passing(observed({ ...rows, timeoutSeconds: 5 }, slow))
      assert.isTrue(Exit.isSuccess(exit))
      assert.deepStrictEqual(
        retried.map(({ class: name, reason }) => `${name}: ${reason}`),
        Array.from({ length: 2 }, () => "timeout: no result within 5 s (the node's timeoutSeconds)")
      )
    }))

  it.effect("interrupt the attempt", () =>
    Effect.gen(function*() {
      let ended = 0
      const body = Effect.onInterrupt(Effect.never, () => Effect.sync(() => void ended++))
      const { exit } = yield* passing(observed({ ...rows, timeoutSeconds: 5, retry: { tries: 2 } }, body))
      assert.include((squashed(exit) as Error).message, "(2 attempts)")
      assert.strictEqual(ended, 2)
    }))

  it.effect("do not count the wait for a turn", () =>
    Effect.gen(function*() {
      const permits = yield* Semaphore.make(1)
      const call = Attempts.inTurn(permits, Effect.sleep("4 seconds"))
      const row = observed({ ...rows, timeoutSeconds: 5 }, call)
      const ends = yield* passing(Effect.all([row, row, row], { concurrency: "unbounded" }))
      for (const { exit, retried } of ends) {
        assert.isTrue(Exit.isSuccess(exit))
        assert.deepStrictEqual(retried, [])
      }
    }))

  it.effect("still count what comes after the turn", () =>
    Effect.gen(function*() {
      const permits = yield* Semaphore.make(1)
      const call = (seconds: number) => Attempts.inTurn(permits, Effect.sleep(seconds * 1000))
      const policy = { ...rows, timeoutSeconds: 5, retry: { tries: 1 } }
      const [first, second] = yield* passing(
        Effect.all([observed(policy, call(4)), observed(policy, call(6))], { concurrency: "unbounded" })
      )
      assert.isTrue(Exit.isSuccess(first.exit))
      assert.instanceOf(squashed(second.exit), Attempts.TimedOut)
    }))
})

describe("a single call", () => {
  it.effect("is repeated on its own where the body around it is not", () =>
    Effect.gen(function*() {
      const calls = [failing(down), failing(down, down)]
      let bodies = 0
      const body = Effect.suspend(() => {
        bodies++
        return Effect.forEach(calls, ({ effect }) => Attempts.ofCall(effect))
      })
      const { exit, retried } = yield* passing(observed({ kind: "make" }, body))
      assert.deepStrictEqual(exit, Exit.succeed(["done", "done"]))
      assert.strictEqual(bodies, 1)
      assert.deepStrictEqual(calls.map(({ runs }) => runs), [2, 3])
      assert.strictEqual(retried.length, 3)
    }))

  it.effect("is repeated as the node says, also without an engine around it by the usual numbers", () =>
    Effect.gen(function*() {
      const once = failing(down, down)
      const { exit } = yield* observed({ kind: "make", retry: { tries: 1 } }, Attempts.ofCall(once.effect))
      assert.strictEqual(squashed(exit), down)
      assert.strictEqual(once.runs, 1)
      assert.strictEqual(yield* passing(Attempts.ofCall(failing(down, down, down).effect)), "done")
    }))

  it.effect("is the row's to repeat in a row", () =>
    Effect.gen(function*() {
      const [first, second] = [failing(), failing(down)]
      const body = Effect.andThen(Attempts.ofCall(first.effect), Attempts.ofCall(second.effect))
      const { exit, retried } = yield* passing(observed(rows, body))
      assert.deepStrictEqual(exit, Exit.succeed("done"))
      assert.strictEqual(first.runs, 2)
      assert.strictEqual(retried.length, 1)
    }))
})

describe("a stopped run", () => {
  const stop = { reason: "interrupted", text: "interrupted" } as const
  const controlled = <A, E, R>(
    use: (control: Control.Control) => Effect.Effect<A, E, R>,
    slots = new Map([["gpu", 1]])
  ) =>
    Effect.gen(function*() {
      const control = yield* Control.make({ slots })
      return yield* Effect.provideService(use(control), Control.Control, control)
    })

  it.effect("makes no further attempt and ends the wait for it", () =>
    controlled((control) =>
      Effect.gen(function*() {
        const body = failing(down)
        const fiber = yield* Effect.forkChild(observed(rows, body.effect))
        yield* TestClock.adjust("10 millis")
        control.stop(stop)
        const { exit } = yield* Fiber.join(fiber)
        assert.instanceOf(squashed(exit), Control.Stopped)
        assert.strictEqual(body.runs, 1)
      })
    ))

  it.effect("lets rows end that have begun, and not begin those that wait for a place", () =>
    controlled((control) =>
      Effect.gen(function*() {
        const go = yield* Deferred.make<void>()
        let begun = 0
        const body = Effect.suspend(() => {
          begun++
          return Deferred.await(go)
        })
        const row = observed({ ...rows, slot: "gpu" }, body)
        const fiber = yield* Effect.forkChild(Effect.all([row, row, row], { concurrency: "unbounded" }))
        yield* TestClock.adjust("10 millis")
        control.stop(stop)
        yield* Deferred.succeed(go, undefined)
        const ends = yield* Fiber.join(fiber)
        assert.strictEqual(begun, 1)
        assert.deepStrictEqual(ends.map(({ exit }) => exit._tag), ["Success", "Failure", "Failure"])
        assert.instanceOf(squashed(ends[2]!.exit), Control.Stopped)
      })
    ))

  it.effect("does the same for rows that wait for their turn at a service, but lets a begun row make its second call", () =>
    controlled((control) =>
      Effect.gen(function*() {
        const permits = yield* Semaphore.make(1)
        const go = yield* Deferred.make<void>()
        let calls = 0
        const call = Attempts.inTurn(
          permits,
          Effect.suspend(() => {
            calls++
            return Deferred.await(go)
          })
        )
        const row = observed(rows, Effect.andThen(call, call))
        const fiber = yield* Effect.forkChild(Effect.all([row, row, row], { concurrency: "unbounded" }))
        yield* TestClock.adjust("10 millis")
        control.stop(stop)
        yield* Deferred.succeed(go, undefined)
        const ends = yield* Fiber.join(fiber)
        assert.deepStrictEqual(ends.map(({ exit }) => exit._tag).sort(), ["Failure", "Failure", "Success"])
        assert.strictEqual(calls, 2)
      })
    ))

  it.effect("lets bodies that are not rows make all their calls", () =>
    controlled((control) =>
      Effect.gen(function*() {
        const permits = yield* Semaphore.make(1)
        control.stop(stop)
        const flaky = failing(down)
        const { exit } = yield* passing(
          observed({ kind: "make" }, Attempts.ofCall(Attempts.inTurn(permits, flaky.effect)))
        )
        assert.deepStrictEqual(exit, Exit.succeed("done"))
      })
    ))
})

describe("slots", () => {
  it.effect("are not held while an attempt waits to be made again", () =>
    Effect.gen(function*() {
      const control = yield* Control.make({ slots: new Map([["api", 1]]) })
      const order: Array<string> = []
      const noted = (name: string, body: Effect.Effect<unknown, unknown>) =>
        observed({ ...rows, slot: "api" }, Effect.andThen(Effect.sync(() => void order.push(name)), body))
      yield* passing(
        Effect.all([noted("flaky", failing(down).effect), noted("steady", Effect.void)], { concurrency: "unbounded" })
          .pipe(Effect.provideService(Control.Control, control))
      )
      assert.deepStrictEqual(order, ["flaky", "steady", "flaky"])
    }))
})
