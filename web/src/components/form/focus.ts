// focus: finds the field of a mistake in the form, brings it into view and puts the cursor there.
import type { FieldError } from "../../api/types";
import { pathOf, pointerOf } from "../../lib/pointer";

const FLASH_MS = 1500;

// False: the form has no field for it.
export function showField(error: FieldError): boolean {
  const path = pathOf(error.pointer);
  for (let length = path.length; length > 0; length--) {
    const pointer = pointerOf(path.slice(0, length));
    const found = document.querySelector<HTMLElement>(`[data-pointer="${CSS.escape(pointer)}"]`);
    if (!found) continue;
    if (length < path.length && !found.matches("input, textarea, select") && length < 2) return false;
    const input = found.matches("input, textarea, select") ? found : found.querySelector<HTMLElement>("input, textarea, select");
    found.scrollIntoView({ block: "center" });
    input?.focus({ preventScroll: true });
    found.classList.add("flash");
    setTimeout(() => found.classList.remove("flash"), FLASH_MS);
    return true;
  }
  return false;
}
