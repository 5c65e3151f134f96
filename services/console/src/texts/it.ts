import { en, type Texts } from "./en";
export const it: Texts = { ...en };
