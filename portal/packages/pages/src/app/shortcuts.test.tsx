import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { useShortcuts } from "./shortcuts";

function Page(props: { search: () => void; help: () => void; go: (address: string) => void }) {
  useShortcuts({ ...props, pages: { b: "/board", g: "/gitops" } });
  return <input aria-label="text" />;
}

it("goes to pages by two keys, and rests while somebody types", () => {
  const [search, help, go] = [vi.fn(), vi.fn(), vi.fn()];
  render(<Page search={search} help={help} go={go} />);
  const press = (key: string, target: Element = document.body) =>
    fireEvent.keyDown(target, { key });
  press("b");
  expect(go).not.toHaveBeenCalled();
  press("g");
  press("b");
  press("g");
  press("g");
  expect(go.mock.calls).toEqual([["/board"], ["/gitops"]]);
  press("/");
  press("?");
  fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
  expect([search.mock.calls.length, help.mock.calls.length]).toEqual([2, 1]);
  const input = screen.getByLabelText("text");
  press("g", input);
  press("b", input);
  press("?", input);
  expect(go).toHaveBeenCalledTimes(2);
  expect(help).toHaveBeenCalledTimes(1);
});
