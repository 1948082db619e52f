import { HubError } from "@idp/client";
import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { Failure, Found } from "./State";

describe("what a page shows when it has nothing", () => {
  it.each([
    [403, "You have no right to see this"],
    [404, "There is no such thing"],
    [503, "It does not answer"],
    [0, "It does not answer"],
    [422, "That did not work"],
  ])("%i: %s, with the remedy and another try", (code, title) => {
    const error = new HubError("what happened", code, "do `this`", "Reason");
    const { unmount } = render(<Failure error={error} retry={() => {}} />);
    expect(screen.getByRole("alert").textContent).toContain("what happened");
    expect(screen.getByRole("heading").textContent).toBe(title);
    expect(screen.getByText("this").tagName).toBe("CODE");
    expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
    unmount();
  });

  it("keeps old data and says that they are old", () => {
    const refetch = () => Promise.resolve({}) as never;
    const error = new HubError("no answer", 503, "", "");
    render(<Found query={{ data: "old data", error, refetch }}>{(data) => <p>{data}</p>}</Found>);
    expect(screen.getByText("old data")).toBeTruthy();
    expect(screen.getByRole("status").textContent).toContain("This may be old");
  });
});
