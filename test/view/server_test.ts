import assert from "node:assert/strict";
import { request } from "node:http";
import { networkInterfaces } from "node:os";
import { connect } from "node:net";
import { test } from "node:test";
import { Failure } from "../../src/failure.ts";
import { startServer, type ViewServer } from "../../src/view/server.ts";

const FILES = new Map([
  ["", { type: "text/html", content: "<p>page" }],
  ["layers/0.nii", { type: "application/octet-stream", content: Uint8Array.of(1, 2, 3) }],
]);

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A request with the path as it stands, which fetch() would tidy up first. */
function ask(
  server: ViewServer,
  path: string,
  { method = "GET", headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("latin1").on("data", (part: string) => body += part);
      response.once("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    asked.once("error", reject);
    asked.end();
  });
}

async function withServer(
  use: (server: ViewServer, details: { folder: string; entry: string; log: string[] }) => Promise<void>,
  { held = false } = {},
): Promise<void> {
  const log: string[] = [];
  const server = await startServer({ files: FILES, port: 0, log: (text) => log.push(text), held });
  try {
    const { pathname, search } = new URL(server.url);
    await use(server, { folder: pathname, entry: pathname + search, log });
  } finally {
    await server.close();
  }
}

/** Exchanges the token for the cookie. */
async function enter(server: ViewServer, entry: string): Promise<Record<string, string>> {
  const { headers } = await ask(server, entry);
  return { cookie: String(headers["set-cookie"]).split(";", 1)[0] as string };
}

test("startServer() gives a cookie for the token once, and files for the cookie", async () => {
  await withServer(async (server, { folder, entry }) => {
    assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{12}\/\?token=[0-9a-f]{64}$/);
    assert.equal((await ask(server, entry, { method: "HEAD" })).headers["set-cookie"], undefined);
    const first = await ask(server, entry);
    assert.deepEqual([first.status, first.headers["location"]], [303, folder]);
    assert.match(String(first.headers["set-cookie"]), new RegExp(`; Path=${folder}; HttpOnly; SameSite=Lax$`));
    const headers = { cookie: `other=1; ${String(first.headers["set-cookie"]).split(";", 1)[0]}` };
    const again = await ask(server, entry);
    assert.deepEqual([again.status, again.headers["set-cookie"]], [403, undefined]);
    assert.equal((await ask(server, entry, { headers })).status, 303);
    const page = await ask(server, folder, { headers });
    assert.deepEqual([page.status, page.body], [200, "<p>page"]);
    assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
    assert.equal(page.headers["x-content-type-options"], "nosniff");
    assert.equal(page.headers["cache-control"], "no-store");
    assert.match(String(page.headers["content-security-policy"]), /^default-src 'none'; script-src 'self'; /);
    assert.doesNotMatch(String(page.headers["content-security-policy"]), /unsafe|http|\*/);
    const layer = await ask(server, `${folder}layers/0.nii`, { headers });
    assert.deepEqual([layer.status, layer.body], [200, "\x01\x02\x03"]);
    const head = await ask(server, `${folder}layers/0.nii`, { method: "HEAD", headers });
    assert.deepEqual([head.status, head.headers["content-length"], head.body], [200, "3", ""]);
  });
});

test("startServer() refuses who has no cookie or a wrong one, whatever the path", async () => {
  await withServer(async (server, { folder, entry }) => {
    const paths = [
      "/",
      folder,
      `${folder}layers/0.nii`,
      "/nothing",
      `${folder}?token=`,
      `${entry}0`,
      entry.slice(0, -1),
    ];
    for (const path of paths) {
      for (const headers of [{}, { cookie: `seg_view=${"0".repeat(64)}` }, { cookie: "seg_view=" }]) {
        const { status, body } = await ask(server, path, { headers });
        assert.equal(status, 403, path);
        assert.doesNotMatch(body, /page/);
      }
    }
    // None of them has used the token up.
    assert.equal((await ask(server, entry)).status, 303);
  });
});

test("startServer() refuses names of other hosts, even with the cookie", async () => {
  await withServer(async (server, { folder, entry }) => {
    const headers = await enter(server, entry);
    for (
      const host of ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "[::1]"]
    ) {
      assert.equal((await ask(server, folder, { headers: { ...headers, host } })).status, 403, host);
    }
    // A tunnel changes the port.
    for (const host of ["localhost:9000", "127.0.0.1:9000", "LOCALHOST"]) {
      assert.equal((await ask(server, folder, { headers: { ...headers, host } })).status, 200, host);
    }
  });
});

test("startServer() knows no paths but its own, and logs without tokens and control characters", async () => {
  await withServer(async (server, { folder, entry, log }) => {
    const headers = await enter(server, entry);
    const traversals = [
      `${folder}../package.json`,
      `${folder}layers/../../../package.json`,
      `${folder}%2e%2e/package.json`,
      `${folder}layers/..%2f..%2fpackage.json`,
      `${folder}layers/0.nii/`,
      `${folder}layers/1.nii`,
      `${folder}layers/0.nii%00`,
      `/${folder}`,
      "//etc/passwd",
      "/etc/passwd",
      `${folder}shown`,
      `${folder}constructor`,
    ];
    for (const path of traversals) assert.equal((await ask(server, path, { headers })).status, 404, path);
    assert.equal(log.length, traversals.length);
    assert.match(log[0] as string, /^Refused GET \/[0-9a-f]{12}\/\.\.\/package\.json: 404 There is nothing here$/);
    // Deno's server refuses this itself, and Node's leaves it to this one.
    const escape = await ask(server, `${folder}\u009b31mred`, { headers });
    assert.ok(escape.status === 404 || escape.status === 400);
    assert.doesNotMatch(log.join(""), /[^\x20-\x7e]/);
    await ask(server, `${entry}0`);
    assert.doesNotMatch(log.join(""), /token/);
    for (let i = 0; i < 20; i++) await ask(server, "/", { headers });
    assert.equal(log.length, 21);
    assert.equal(log.at(-1), "Further refusals are not shown");
  });
});

test("startServer() answers GET and HEAD alone", async () => {
  await withServer(async (server, { folder, entry }) => {
    const headers = await enter(server, entry);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
      const answer = await ask(server, folder, { method, headers });
      assert.deepEqual([answer.status, answer.headers["allow"]], [405, "GET, HEAD"], method);
      assert.equal(answer.headers["access-control-allow-origin"], undefined);
    }
  });
});

test("startServer() holds a picture back until the page has drawn or failed", async () => {
  for (const [word, expected] of [["shown", true], ["failed", false]] as const) {
    await withServer(async (server, { folder, entry }) => {
      const headers = await enter(server, entry);
      let loaded = false;
      const picture = ask(server, `${folder}held.svg`, { headers }).finally(() => loaded = true);
      assert.equal((await ask(server, folder, { headers })).status, 200);
      assert.equal(loaded, false);
      assert.equal((await ask(server, `${folder}${word}`)).status, 403);
      assert.equal((await ask(server, folder + word, { headers })).status, 204);
      assert.equal((await picture).status, 200);
      assert.equal(await server.shown, expected);
    }, { held: true });
  }
});

test("startServer() says that a port is in use", async () => {
  await withServer(async (server) => {
    const port = Number(new URL(server.url).port);
    await assert.rejects(
      startServer({ files: FILES, port, log: () => {} }),
      new Failure(`Port ${port} is in use; choose another one or leave --port away`),
    );
  });
});

const outward = Object.values(networkInterfaces()).flat().find((one) => one?.family === "IPv4" && !one.internal);
// Deno's tests have leave for 127.0.0.1 alone.
const skip = outward === undefined
  ? "this machine has no address in a network"
  : "Deno" in globalThis && "network permission is for 127.0.0.1 alone";

test("startServer() cannot be reached by the address of the machine", { skip }, async () => {
  await withServer(async (server) => {
    const code = await new Promise((resolve) => {
      const socket = connect({
        host: outward?.address as string,
        port: Number(new URL(server.url).port),
        timeout: 2000,
      });
      socket.once("connect", () => resolve("connected")).once(
        "error",
        (error: { code?: string }) => resolve(error.code),
      );
      socket.once("timeout", () => resolve("timeout"));
    });
    assert.notEqual(code, "connected");
  });
});
