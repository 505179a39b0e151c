// problemlist: all that is wrong with a document, above it; each leads to its place.
import { Alert, Anchor, List, Text } from "@mantine/core";
import { useState } from "react";
import type { FieldError } from "../api/types";
import { plural } from "../lib/format";
import type { Problems } from "../lib/problems";
import { IconAlert } from "./icons";

const SHOWN = 6;

export function ProblemList({ problems, onPick }: { problems: Problems; onPick: (error: FieldError) => void }) {
  const [all, setAll] = useState(false);
  const list = problems.list;
  if (list.length === 0) return null;
  return (
    <Alert color="red" icon={<IconAlert />} mb="md" title={plural(list.length, "mistake")} role="status">
      <List size="sm" spacing={2} listStyleType="none">
        {(all ? list : list.slice(0, SHOWN)).map((error, i) => (
          <List.Item key={i}>
            <Anchor component="button" type="button" size="sm" c="inherit" ta="left" underline="always" onClick={() => onPick(error)}>
              {error.pointer === "" ? "The document" : error.pointer}
            </Anchor>
            <Text span size="sm">
              : {error.message}
            </Text>
          </List.Item>
        ))}
      </List>
      {!all && list.length > SHOWN && (
        <Anchor component="button" type="button" size="sm" mt={4} onClick={() => setAll(true)}>
          Show {list.length - SHOWN} more
        </Anchor>
      )}
    </Alert>
  );
}
