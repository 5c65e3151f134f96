// A QR code drawn here: the secret in it goes to nobody's server. A quiet zone of four squares, as readers expect.
import type { JSX } from "preact";
import qrcode from "qrcode-generator";

const QUIET = 4;

export function Qr(p: { text: string; label: string }): JSX.Element {
  const code = qrcode(0, "M");
  code.addData(p.text);
  code.make();
  const n = code.getModuleCount();
  let squares = "";
  for (let y = 0; y < n; y++) for (let x = 0; x < n; x++) if (code.isDark(y, x)) squares += `M${x + QUIET} ${y + QUIET}h1v1h-1z`;
  const size = n + 2 * QUIET;
  return (
    <svg class="qr" role="img" aria-label={p.label} viewBox={`0 0 ${size} ${size}`} shape-rendering="crispEdges" data-testid="qr">
      <rect width={size} height={size} fill="#fff" />
      <path d={squares} fill="#000" />
    </svg>
  );
}
