// problems: the mistakes in a document, by place: which belong to which field of the form. A key
// that is missing is reported at the pointer that it would have.
import type { FieldError } from "../api/types";
import { pointerOf, type Path } from "./pointer";

export class Problems {
  static readonly none = new Problems([]);

  constructor(readonly list: readonly FieldError[]) {}

  // What is to be shown beside the field at a path; undefined: nothing.
  at(path: Path): string | undefined {
    const pointer = pointerOf(path);
    return sentence(this.list.filter((error) => error.pointer === pointer));
  }

  // The same for a field that stands for a whole part of the document (a list of tags, say).
  within(path: Path): string | undefined {
    return sentence(this.under(path).list);
  }

  under(path: Path): Problems {
    const pointer = pointerOf(path);
    const list = this.list.filter((error) => error.pointer === pointer || error.pointer.startsWith(`${pointer}/`));
    return list.length === 0 ? Problems.none : new Problems(list);
  }

  // Equal texts mean that nothing has to be drawn anew.
  get key(): string {
    return this.list.map((error) => `${error.pointer} ${error.message}`).join("\n");
  }
}

function sentence(errors: readonly FieldError[]): string | undefined {
  if (errors.length === 0) return undefined;
  return [...new Set(errors.map((error) => capital(error.message)))].join("; ");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
