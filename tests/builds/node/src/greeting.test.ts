import { test } from "node:test";
import assert from "node:assert";
import { greeting } from "./greeting";

test("it greets", () => assert.match(greeting("box"), /^hello box, from user \d+$/));
