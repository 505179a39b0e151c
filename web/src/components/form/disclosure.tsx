// disclosure: a part of the form that opens on demand, and by itself when a mistake is inside.
import { Button, Collapse, Box } from "@mantine/core";
import { type ReactNode, useId, useState } from "react";
import { IconChevron } from "../icons";

interface DisclosureProps {
  label: string;
  troubled: boolean; // holds a mistake
  initially?: boolean;
  children: ReactNode;
}

export function Disclosure({ label, troubled, initially = false, children }: DisclosureProps) {
  const [wanted, setWanted] = useState(initially);
  const id = useId();
  const opened = wanted || troubled;
  return (
    <Box>
      <Button
        variant="subtle"
        color="gray"
        size="compact-sm"
        px={6}
        fw={500}
        h="auto"
        py={4}
        maw="100%"
        styles={{ label: { whiteSpace: "normal", textAlign: "left" } }}
        aria-expanded={opened}
        aria-controls={id}
        onClick={() => setWanted(!opened)}
        rightSection={
          <span style={{ display: "flex", transform: opened ? "rotate(180deg)" : undefined }}>
            <IconChevron size={14} />
          </span>
        }
      >
        {label}
      </Button>
      <Collapse in={opened} id={id}>
        <Box pt="sm">{opened && children}</Box>
      </Collapse>
    </Box>
  );
}
