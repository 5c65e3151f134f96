import { en, type Texts } from "./en";
export const nl: Texts = { ...en };
