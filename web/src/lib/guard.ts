// guard: asks before unsaved changes are left behind: once for the whole page, since one document
// is edited at a time.
let unsaved = false;

export function setUnsaved(next: boolean): void {
  unsaved = next;
}

export function mayLeave(): boolean {
  if (!unsaved || window.confirm("Leave without saving your changes?")) {
    unsaved = false;
    return true;
  }
  return false;
}

window.addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});
