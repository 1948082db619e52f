import { render } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { readable, Words } from "./Words";

describe("Words", () => {
  it("shows what it is given as text, whatever it looks like", () => {
    const { container } = render(
      <Words>
        {"<img src=x onerror=alert(1)> `<script>alert(2)</script>` javascript:alert(3)"}
      </Words>,
    );
    expect(container.querySelector("img, script, a")).toBeNull();
    expect(container.textContent).toContain("<img src=x onerror=alert(1)>");
    expect(container.querySelector("code")?.textContent).toBe("<script>alert(2)</script>");
  });

  it("links addresses of applications and nothing else", () => {
    const { container } = render(
      <Words>{"http://hello.uat.localhost:8623/ answered, http://evil.example/ did not"}</Words>,
    );
    const links = [...container.querySelectorAll("a")].map((link) => link.getAttribute("href"));
    expect(links).toEqual(["http://hello.uat.localhost:8623/"]);
  });

  it("shortens digests and leaves out the address of the registry", () => {
    const digest = `sha256:${"ab".repeat(32)}`;
    expect(readable(`runs 127.0.0.1:8600/demo/hello@${digest}`)).toBe(
      "runs demo/hello@sha256:abababababab",
    );
  });
});
