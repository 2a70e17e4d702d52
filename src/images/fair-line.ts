/** A queue in which callers take turns: one that sends a hundred pictures does not delay another caller's single picture. */

export class FairLine {
  /** Who waits, by caller. The caller whose turn is next comes first; each caller's own are in order of arrival. */
  private readonly callers = new Map<string, Set<() => void>>();

  /** @returns a function that leaves the line */
  join(caller: string, enter: () => void): () => void {
    const own = this.callers.get(caller) ?? new Set();
    this.callers.set(caller, own.add(enter));
    return () => {
      own.delete(enter);
      if (own.size === 0 && this.callers.get(caller) === own) this.callers.delete(caller);
    };
  }

  /** Removes the next one from the line; undefined when the line is empty. */
  next(): (() => void) | undefined {
    for (const [caller, own] of this.callers) {
      const [enter] = own;
      own.delete(enter);
      this.callers.delete(caller);
      if (own.size > 0) this.callers.set(caller, own);
      return enter;
    }
    return undefined;
  }
}
