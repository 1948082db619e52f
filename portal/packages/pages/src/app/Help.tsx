import { Dialog, DialogBody, DialogHeader } from "@backstage/ui";
import { PAGES } from "./Shell";

/** The shortcuts. */
export function Help({ close }: { close: () => void }) {
  return (
    <Dialog isOpen onOpenChange={(open) => !open && close()} isDismissable width={420}>
      <DialogHeader>Shortcuts</DialogHeader>
      <DialogBody>
        <dl className="idp-keys">
          <dt>
            <kbd>Ctrl K</kbd> or <kbd>/</kbd>
          </dt>
          <dd>Search</dd>
          {PAGES.map((page) => (
            <div key={page.to} className="idp-keys-row">
              <dt>
                <kbd>g</kbd> <kbd>{page.key}</kbd>
              </dt>
              <dd>{page.label}</dd>
            </div>
          ))}
          <dt>
            <kbd>?</kbd>
          </dt>
          <dd>This list</dd>
        </dl>
      </DialogBody>
    </Dialog>
  );
}
