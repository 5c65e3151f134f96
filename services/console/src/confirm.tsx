// A question before what cannot be undone: the browser's own modal dialog keeps the focus in and takes Escape.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "./i18n";

interface Question {
  text: string;
  yes: string;
  answer(yes: boolean): void;
}

const question = signal<Question | null>(null);

export function sure(text: string, yes: string): Promise<boolean> {
  question.value?.answer(false);
  return new Promise((resolve) => {
    question.value = {
      text, yes,
      answer: (said) => {
        question.value = null;
        resolve(said);
      },
    };
  });
}

export function Confirm(): JSX.Element | null {
  const dialog = useRef<HTMLDialogElement>(null);
  const q = question.value;
  useEffect(() => {
    if (!q) return;
    const before = document.activeElement as HTMLElement | null;
    dialog.current?.showModal();
    return () => before?.isConnected && before.focus();
  }, [q]);
  if (!q) return null;
  return (
    <dialog ref={dialog} aria-labelledby="question" onClose={() => q.answer(false)}>
      <p id="question">{q.text}</p>
      <div class="row end">
        <button type="button" class="quiet" onClick={() => q.answer(false)} data-testid="confirm-no">{t("cancel")}</button>
        <button type="button" class="danger" onClick={() => q.answer(true)} data-testid="confirm">{q.yes}</button>
      </div>
    </dialog>
  );
}
