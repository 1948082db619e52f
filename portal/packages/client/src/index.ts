/** The hub's API, typed by its OpenAPI document (`docs/reference/openapi.json`). */
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type { paths } from "./schema";

/** What is wrong with one field; for a conflict the message names the manager. */
export interface Cause {
  field: string;
  message: string;
  reason?: string;
}

/** What the hub or an instance refused: what happened, why, and what to do. */
export class HubError extends Error {
  constructor(
    message: string,
    readonly code: number,
    readonly remedy: string,
    readonly reason: string,
    readonly causes: ReadonlyArray<Cause> = [],
  ) {
    super(message);
    this.name = "HubError";
  }

  /** Whether the same call may succeed later without anybody changing anything. */
  get retryable(): boolean {
    return this.code === 0 || this.code === 429 || this.code >= 500;
  }
}

/** The error that an answer stands for; the hub and the instances answer a Kubernetes `Status`. */
export function errorOf(code: number, body: unknown): HubError {
  const status = (typeof body === "object" && body !== null ? body : {}) as {
    message?: string;
    reason?: string;
    details?: { remedy?: string; causes?: ReadonlyArray<Cause> };
  };
  return new HubError(
    status.message ?? `the hub answered ${code}`,
    code,
    status.details?.remedy ?? "",
    status.reason ?? "",
    status.details?.causes ?? [],
  );
}

/** The data of an answer; throws a `HubError` for a refusal and when the hub is silent. */
export async function answered<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  let answer: { data?: T; error?: unknown; response: Response };
  try {
    answer = await call;
  } catch {
    throw silent();
  }
  if (!answer.response.ok) throw errorOf(answer.response.status, answer.error);
  return answer.data as T;
}

function silent(): HubError {
  return new HubError(
    "the hub does not answer",
    0,
    "Start the platform with `idp-cli up`; `idp-cli status` shows what runs.",
    "Silent",
  );
}

/** The hub as this browser's user. */
export class Hub {
  readonly api: Client<paths>;
  private csrf = "";

  constructor(private readonly origin = "") {
    this.api = createClient<paths>({ baseUrl: `${origin}/api/v1` });
    this.api.use({
      onRequest: ({ request }) => {
        if (request.method !== "GET") request.headers.set("X-CSRF-Token", this.csrf);
        return request;
      },
    });
  }

  /** Remember what changes must carry; it comes with the session. */
  remember(csrf: string): void {
    this.csrf = csrf;
  }

  /** Ask an instance's own Kubernetes API, with the rights of who is signed in. */
  async instance(
    environment: string,
    path: string,
    options: { method?: string; accept?: string; body?: string; type?: string } = {},
  ): Promise<string> {
    const method = options.method ?? "GET";
    const headers: Record<string, string> = { Accept: options.accept ?? "application/json" };
    if (method !== "GET") headers["X-CSRF-Token"] = this.csrf;
    if (options.type !== undefined) headers["Content-Type"] = options.type;
    let response: Response;
    try {
      response = await fetch(`${this.origin}/instances/${environment}${path}`, {
        method,
        headers,
        ...(options.body === undefined ? {} : { body: options.body }),
      });
    } catch {
      throw silent();
    }
    const text = await response.text();
    if (!response.ok) throw errorOf(response.status, parsed(text));
    return text;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 500) };
  }
}
