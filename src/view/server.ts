/** A server for one reader on this machine: it answers requests with its token only, and serves only the layers that it was given. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Failure, messageOf } from "../failure.ts";

/** What is served under a name. */
export interface Served {
  readonly type: string;
  readonly content: Uint8Array | string;
}

/** What {@link startServer} needs. */
export interface ServerOptions {
  /** By name; that of the page is the empty one. */
  readonly files: ReadonlyMap<string, Served>;
  /** 0 for any that is free. */
  readonly port: number;
  /** Gets a line for every request that is refused. */
  readonly log: (text: string) => void;
  /** Serves `held.svg` only after `shown` or `failed` was asked for: a page with it is loaded once it has said so. */
  readonly held?: boolean;
}

/** A server that runs. */
export interface ViewServer {
  /** The address with the token, which is good for one browser. */
  readonly url: string;
  /** Whether the page says that everything is drawn; with `held` alone. */
  readonly shown: Promise<boolean>;
  /** Ends all connections. */
  close(): Promise<void>;
}

const HOST = "127.0.0.1";
/** A tunnel (ssh -L) may give the port another number, but never another name: that would be DNS rebinding. */
const HOST_NAMES = /^(?:127\.0\.0\.1|localhost)(?::\d{1,5})?$/i;
/** Further refusals are not told, so that nobody can fill a log. */
const LOGGED_REFUSALS = 20;
const HEADERS = {
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "connect-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cache-Control": "no-store",
};
const HELD_PICTURE = `<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>`;

/**
 * Serves on 127.0.0.1 under a path of its own.
 *
 * The token of the address is exchanged once for a cookie of that path, which every other request must have: who reads the address
 * later, in a list of processes or a history, gets nothing, and other servers of this machine never see the cookie.
 *
 * @throws {Failure} where the port is taken.
 */
export async function startServer({ files, port, log, held = false }: ServerOptions): Promise<ViewServer> {
  const folder = `/${randomBytes(6).toString("hex")}/`;
  const [token, session] = [randomBytes(32).toString("hex"), randomBytes(32).toString("hex")];
  let [tokenUsed, refusals] = [false, 0];
  let tell: (shown: boolean) => void = () => {};
  const shown = new Promise<boolean>((resolve) => tell = resolve);

  const refuse = (request: IncomingMessage, response: ServerResponse, [status, text]: readonly [number, string]) => {
    refusals++;
    if (refusals <= LOGGED_REFUSALS) log(`Refused ${printable(request)}: ${status} ${text}`);
    if (refusals === LOGGED_REFUSALS) log("Further refusals are not shown");
    send(request, response, { status, type: "text/plain", content: `${text}\n` });
  };
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    if (!HOST_NAMES.test(request.headers.host ?? "")) return refuse(request, response, [403, "Wrong host"]);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      return refuse(request, response, [405, "Only GET and HEAD are answered"]);
    }
    // The target is compared as it stands: nothing is decoded, and no path of the disk is ever made of it.
    const [path = "", query] = (request.url ?? "").split("?", 2);
    const known = sameText(cookieOf(request), session);
    if (path === folder && query !== undefined) {
      const entering = !tokenUsed && sameText(query, `token=${token}`);
      if (!known && !entering) return refuse(request, response, [403, "This address is wrong or was used already"]);
      if (entering && request.method === "GET") {
        tokenUsed = true;
        response.setHeader("Set-Cookie", `seg_view=${session}; Path=${folder}; HttpOnly; SameSite=Lax`);
      }
      response.setHeader("Location", folder);
      return send(request, response, { status: 303, type: "text/plain", content: "" });
    }
    if (!known) return refuse(request, response, [403, "Open the address that seg view printed"]);
    const name = path.startsWith(folder) ? path.slice(folder.length) : undefined;
    if (held && (name === "shown" || name === "failed")) {
      tell(name === "shown");
      return send(request, response, { status: 204, type: "text/plain", content: "" });
    }
    if (held && name === "held.svg") {
      void shown.then(() => send(request, response, { status: 200, type: "image/svg+xml", content: HELD_PICTURE }));
      return;
    }
    const file = name === undefined ? undefined : files.get(name);
    if (file === undefined) return refuse(request, response, [404, "There is nothing here"]);
    send(request, response, { status: 200, ...file });
  };

  const server = createServer({ requestTimeout: 30_000 }, answer);
  await listen(server, port);
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}${folder}?token=${token}`,
    shown,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: Error & { code?: string }) => {
      const found = error.code === "EADDRINUSE"
        ? "is in use; choose another one or leave --port away"
        : error.code === "EACCES"
        ? "is not for all users; choose one from 1024"
        : `cannot be opened: ${messageOf(error)}`;
      reject(new Failure(`Port ${port} ${found}`, { cause: error }));
    });
    server.listen(port, HOST, resolve);
  });
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, type, content }: Served & { readonly status: number },
): void {
  const body = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const media = type.startsWith("text/") ? `${type}; charset=utf-8` : type;
  response.writeHead(status, { ...HEADERS, "Content-Type": media, "Content-Length": status === 204 ? 0 : body.length });
  response.end(request.method === "HEAD" || body.length === 0 ? undefined : body);
}

function cookieOf({ headers }: IncomingMessage): string {
  return /(?:^|; )seg_view=([0-9a-f]*)/.exec(headers.cookie ?? "")?.[1] ?? "";
}

/** Takes as long for a wrong text as for the right one. */
function sameText(a: string, b: string): boolean {
  const [left, right] = [new TextEncoder().encode(a), new TextEncoder().encode(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** The request without its query, which may be a token, and without what a terminal would obey. */
function printable({ method, url = "" }: IncomingMessage): string {
  return `${method} ${(url.split("?", 1)[0] as string).slice(0, 120)}`.replace(/[^\x20-\x7e]/g, "?");
}
