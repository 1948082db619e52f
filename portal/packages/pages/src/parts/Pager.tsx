import { Button } from "@backstage/ui";

/** Which part of a long list is shown, and the parts before and after it. */
export function Pager({
  offset,
  page,
  total,
  go,
}: {
  offset: number;
  page: number;
  total: number;
  go: (offset: number) => void;
}) {
  if (total <= page && offset === 0) return null;
  return (
    <nav className="idp-toolbar" aria-label="Parts of the list">
      <Button
        size="small"
        variant="secondary"
        isDisabled={offset === 0}
        onPress={() => go(Math.max(0, offset - page))}
      >
        Before
      </Button>
      <span className="idp-quiet" role="status">
        {total === 0 ? 0 : offset + 1} to {Math.min(offset + page, total)} of {total}
      </span>
      <Button
        size="small"
        variant="secondary"
        isDisabled={offset + page >= total}
        onPress={() => go(offset + page)}
      >
        After
      </Button>
    </nav>
  );
}
