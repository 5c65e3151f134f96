#!/usr/bin/python3
"""Writes what the programs need from proto/: C at build time, TypeScript into the console's tree.

proto/ is the only place where reasons, texts, plans, transitions and the API are written down; this
script turns them into constants, so that no peer can have its own idea of them. It refuses a source
in which a language, a placeholder or a field is missing.

  generate.py [OUT_DIR]        C files into OUT_DIR (default build/generated); only changed files are written
  generate.py --typescript     services/console/src/generated/*.ts (committed)
  generate.py --check          exit 1 when the committed TypeScript is out of step, or states, events, owners and
                               transitions do not fit together
"""
import json
import re
import sys
from pathlib import Path

import yaml

PROTO = Path(__file__).resolve().parent
CONSOLE = PROTO.parent / "services" / "console" / "src" / "generated"
LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl"]
PLACES = ["problem", "program", "relay", "session", "mail", "setup", "checklist", "channel"]
METRICS = ["refusals", "ends", "mails"]
NOTE = "Made by proto/generate.py; do not edit."
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
NAME = re.compile(r"^[a-z][a-z0-9_]*$")


class SourceError(Exception):
    """A source in proto/ is wrong; the message names file and key."""


def load_json(path):
    def unique(pairs):
        keys = [key for key, _ in pairs]
        if len(set(keys)) != len(keys):
            raise SourceError(f"{path.name}: duplicate key among {keys}")
        return dict(pairs)
    with open(path, encoding="utf-8") as f:
        return json.load(f, object_pairs_hook=unique)


def check_translations(where, texts):
    """Each language is there, not empty, and uses the placeholders of the English text."""
    if list(texts) != LANGUAGES:
        raise SourceError(f"{where}: languages must be {LANGUAGES} in this order, not {list(texts)}")
    wanted = sorted(set(PLACEHOLDER.findall(texts["en"])))
    for language, text in texts.items():
        if not text.strip() or text != text.strip():
            raise SourceError(f"{where}.{language}: empty, or blanks around the text")
        if sorted(set(PLACEHOLDER.findall(text))) != wanted:
            raise SourceError(f"{where}.{language}: placeholders differ from English ({wanted})")


def load_reasons():
    reasons = load_json(PROTO / "reasons.json")["reasons"]
    for code, reason in reasons.items():
        shows = reason.pop("shows", None)
        if shows is not None and (set(shows) != {"api", "event", "metric", "program"} or shows["metric"] not in METRICS or
                                  shows["api"] not in PLACES):
            raise SourceError(f"reasons.json: {code}: shows must have api, event, metric and program")
        if not NAME.match(code) or set(reason) != {"status", "spec", "title", "technician", "customer"}:
            raise SourceError(f"reasons.json: {code}: bad name or fields")
        if reason["status"] is not None and not 400 <= reason["status"] <= 599:
            raise SourceError(f"reasons.json: {code}: status {reason['status']}")
        check_translations(f"reasons.json: {code}.technician", reason["technician"])
        check_translations(f"reasons.json: {code}.customer", reason["customer"])
    return reasons


def load_texts(name):
    texts = load_json(PROTO / "texts" / f"{name}.json")["texts"]
    for key, translations in texts.items():
        if not NAME.match(key):
            raise SourceError(f"texts/{name}.json: bad key {key}")
        check_translations(f"texts/{name}.json: {key}", translations)
    return texts


def load_plans():
    data = load_json(PROTO / "plans.json")
    for name, plan in data["plans"].items():
        if not NAME.match(name):
            raise SourceError(f"plans.json: bad name {name}")
        for feature in plan["features"] + sum(plan["modules"].values(), []):
            if feature not in data["features"]:
                raise SourceError(f"plans.json: {name}: unknown feature {feature}")
    return data


# ---- C ----

def c_string(text, indent="    "):
    """A C string literal; long or many-line texts are split after each line."""
    def quoted(part):
        part = part.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        return '"' + part.replace("\r", "\\r").replace("??", '?""?') + '"'
    lines = text.splitlines(keepends=True) or [""]
    return ("\n" + indent).join(quoted(line) for line in lines)


def guard(name, body):
    macro = f"BEISTAND_GENERATED_{name.upper()}_H"
    return f"/* {NOTE} */\n#ifndef {macro}\n#define {macro}\n\n{body}\n#endif\n"


REASONS_H = """\
#include <stddef.h>

enum language {{
{enum}
    LANGUAGE_COUNT
}};

/* tag: BCP 47 or Accept-Language ("de", "de-AT", "pt_BR,pt;q=0.9"): the first language of the list that
 * we have, weights ignored; English when there is none or tag is NULL. */
enum language language_from_tag(const char *tag);
/* "en", "de", … */
const char *language_tag(enum language language);

/* Texts by language; UTF-8. */
struct reason {{
    const char *code;
    int status; /* HTTP; 0: a state or an end that no request is answered with */
    const char *title; /* short, English: the title of problem+json */
    const char *technician[LANGUAGE_COUNT];
    const char *customer[LANGUAGE_COUNT];
}};

/* NULL when code is NULL or unknown. */
const struct reason *reason_find(const char *code);
/* All of them, sorted as in SPEC 3; *n gets their number. */
const struct reason *reason_list(size_t *n);

/* Copies text to out (n bytes with the NUL), with each {{name}} replaced by its value. names_values is
 * name, value, name, value, …, NULL; a name that is not in it stays as it is. Returns the length the
 * whole text has (like snprintf); when that is n or more, out was cut before a UTF-8 character. */
size_t text_fill(char *out, size_t n, const char *text, const char *const *names_values);
"""

REASONS_C = """\
static const char *const tags[LANGUAGE_COUNT] = {{{tags}}};

static int is_letter(char c)
{{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}}

enum language language_from_tag(const char *tag)
{{
    const char *p = tag ? tag : "";
    while (*p) {{
        while (*p == ' ' || *p == ',')
            p++;
        for (int i = 0; i < LANGUAGE_COUNT && is_letter(p[0]); i++) {{
            if ((p[0] | 32) == tags[i][0] && (p[1] | 32) == tags[i][1] && !is_letter(p[2]))
                return (enum language)i;
        }}
        while (*p && *p != ',')
            p++;
    }}
    return LANGUAGE_EN;
}}

const char *language_tag(enum language language)
{{
    return (unsigned)language < LANGUAGE_COUNT ? tags[language] : tags[0];
}}

const struct reason *reason_list(size_t *n)
{{
    *n = sizeof reasons / sizeof reasons[0];
    return reasons;
}}

const struct reason *reason_find(const char *code)
{{
    for (size_t i = 0; code && i < sizeof reasons / sizeof reasons[0]; i++) {{
        if (strcmp(reasons[i].code, code) == 0)
            return &reasons[i];
    }}
    return NULL;
}}

/* The value for the placeholder at p ("{{name}}"), or NULL; *length gets the placeholder's length. */
static const char *placeholder(const char *p, const char *const *names_values, size_t *length)
{{
    const char *end = strchr(p, '}}');
    if (!end)
        return NULL;
    for (size_t i = 0; names_values[i] && names_values[i + 1]; i += 2) {{
        if (strlen(names_values[i]) == (size_t)(end - p - 1) &&
            strncmp(names_values[i], p + 1, (size_t)(end - p - 1)) == 0) {{
            *length = (size_t)(end - p) + 1;
            return names_values[i + 1];
        }}
    }}
    return NULL;
}}

static size_t append(char *out, size_t n, size_t used, const char *from, size_t size)
{{
    if (used < n) {{
        size_t room = n - used - 1;
        memcpy(out + used, from, size < room ? size : room);
    }}
    return used + size;
}}

size_t text_fill(char *out, size_t n, const char *text, const char *const *names_values)
{{
    size_t used = 0;
    for (const char *p = text; *p;) {{
        size_t length = 1;
        const char *value = *p == '{{' ? placeholder(p, names_values, &length) : NULL;
        if (value)
            used = append(out, n, used, value, strlen(value));
        else
            used = append(out, n, used, p, 1);
        p += length;
    }}
    if (n > 0) {{
        size_t end = used < n ? used : n - 1;
        if (used >= n) {{
            /* Back to the start of a character that did not fit whole. */
            size_t start = end;
            while (start > 0 && ((unsigned char)out[start - 1] & 0xC0) == 0x80)
                start--;
            if (start > 0 && (unsigned char)out[start - 1] >= 0xC0) {{
                unsigned char lead = (unsigned char)out[start - 1];
                size_t whole = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
                if (end - (start - 1) < whole)
                    end = start - 1;
            }}
        }}
        out[end] = 0;
    }}
    return used;
}}
"""


def c_translations(texts):
    return ",\n        ".join(c_string(texts[language], " " * 8) for language in LANGUAGES)


def make_reasons():
    entries = []
    for code, reason in load_reasons().items():
        entries.append(
            f'    {{"{code}", {reason["status"] or 0}, {c_string(reason["title"])},\n'
            f'     {{\n        {c_translations(reason["technician"])}}},\n'
            f'     {{\n        {c_translations(reason["customer"])}}}}},\n')
    header = REASONS_H.format(enum="\n".join(f"    LANGUAGE_{x.upper()}," for x in LANGUAGES))
    code = REASONS_C.format(tags=", ".join(f'"{x}"' for x in LANGUAGES))
    table = "static const struct reason reasons[] = {\n" + "".join(entries) + "};\n\n"
    return {
        "reasons.h": guard("reasons", header),
        "reasons.c": f'/* {NOTE} */\n#include "generated/reasons.h"\n\n#include <string.h>\n\n{table}{code}',
    }


def make_texts(name):
    texts = load_texts(name)
    upper = f"TEXT_{name.upper()}"
    lines = []
    for key, translations in texts.items():
        english = translations["en"].replace("\n", " ").replace("*/", "* /")
        shown = english if len(english) <= 60 else english[:59] + "…"
        lines.append(f"    {upper}_{key.upper()}, /* {shown} */")
    header = (
        f'#include "generated/reasons.h"\n\n/* The texts of proto/texts/{name}.json (what they are for is said there).'
        f'\n * Placeholders are filled by text_fill(). */\nenum text_{name} {{\n' + "\n".join(lines) +
        f"\n    {upper}_COUNT\n}};\n\n/* UTF-8; lives as long as the process. id and language in range. */\n"
        f"const char *text_{name}(enum text_{name} id, enum language language);\n"
        f"/* By its key in the JSON file; NULL when there is none. */\n"
        f"const char *text_{name}_named(const char *key, enum language language);\n")
    rows = "".join(f'    {{"{key}", {{\n        {c_translations(t)}}}}},\n' for key, t in texts.items())
    code = (
        f'/* {NOTE} */\n#include "generated/texts_{name}.h"\n\n#include <string.h>\n\nstatic const struct {{\n'
        f"    const char *key;\n    const char *text[LANGUAGE_COUNT];\n}} texts[{upper}_COUNT] = {{\n{rows}}};\n\n"
        f"const char *text_{name}(enum text_{name} id, enum language language)\n{{\n"
        f"    return texts[id].text[language];\n}}\n\n"
        f"const char *text_{name}_named(const char *key, enum language language)\n{{\n"
        f"    for (int i = 0; i < {upper}_COUNT; i++) {{\n"
        f"        if (strcmp(texts[i].key, key) == 0)\n            return texts[i].text[language];\n    }}\n"
        f"    return NULL;\n}}\n")
    return {f"texts_{name}.h": guard(f"texts_{name}", header), f"texts_{name}.c": code}


PLANS_H = """\
#include <stdbool.h>
#include <stddef.h>

/* One row of proto/plans.json. */
struct plan {
    const char *name;
    bool adhoc;           /* has ad-hoc support at all */
    int limit_technician; /* open sessions, unless the company has its own limits */
    int limit_company;
    const char *features; /* ",remote,chat," */
    const char *modules;  /* what a module adds: ",insights:dashboard," */
};

/* NULL when unknown. */
const struct plan *plan_find(const char *name);
/* feature: "remote", "chat", "files", "dashboard". p may be NULL (false). */
bool plan_allows(const struct plan *p, const char *feature);
/* The same for a company with modules ("insights", comma separated; NULL: none). */
bool plan_allows_with(const struct plan *p, const char *modules, const char *feature);
const struct plan *plan_list(size_t *n);
/* {"basic": {"adhoc": true, "limit_technician": 1, "limit_company": 5}, …}: what the transitions are told of the plans. */
extern const char plans_json[];
"""

PLANS_C = """\
const struct plan *plan_list(size_t *n)
{
    *n = sizeof plans / sizeof plans[0];
    return plans;
}

const struct plan *plan_find(const char *name)
{
    for (size_t i = 0; name && i < sizeof plans / sizeof plans[0]; i++) {
        if (strcmp(plans[i].name, name) == 0)
            return &plans[i];
    }
    return NULL;
}

/* Is the item (a, or a:b when b is given) in a list like ",x,y:z,"? */
static bool listed(const char *list, const char *a, size_t a_size, const char *b)
{
    if (memchr(a, ',', a_size) || memchr(a, ':', a_size) || (b && strpbrk(b, ",:")))
        return false;
    for (const char *p = strchr(list, ','); p && p[1]; p = strchr(p + 1, ',')) {
        const char *item = p + 1;
        if (strncmp(item, a, a_size) != 0)
            continue;
        item += a_size;
        if (!b && *item == ',')
            return true;
        if (b && *item == ':' && strncmp(item + 1, b, strlen(b)) == 0 && item[1 + strlen(b)] == ',')
            return true;
    }
    return false;
}

bool plan_allows(const struct plan *p, const char *feature)
{
    return p && p->adhoc && listed(p->features, feature, strlen(feature), NULL);
}

bool plan_allows_with(const struct plan *p, const char *modules, const char *feature)
{
    if (plan_allows(p, feature))
        return true;
    for (const char *m = modules; p && p->adhoc && m && *m;) {
        size_t size = strcspn(m, ",");
        if (size > 0 && listed(p->modules, m, size, feature))
            return true;
        m += size + (m[size] == ',');
    }
    return false;
}
"""


def make_plans():
    data = load_plans()
    rows = []
    for name, plan in data["plans"].items():
        features = "," + "".join(f + "," for f in plan["features"])
        modules = "," + "".join(f"{m}:{f}," for m, fs in plan["modules"].items() for f in fs)
        adhoc = "true" if plan["adhoc"] else "false"
        rows.append(f'    {{"{name}", {adhoc}, {plan["limit_technician"]}, {plan["limit_company"]}, '
                    f'"{features}", "{modules}"}},\n')
    told = {n: {k: p[k] for k in ("adhoc", "limit_technician", "limit_company")} for n, p in data["plans"].items()}
    table = "static const struct plan plans[] = {\n" + "".join(rows) + "};\n"
    return {
        "plans.h": guard("plans", PLANS_H),
        "plans.c": f'/* {NOTE} */\n#include "generated/plans.h"\n\n#include <string.h>\n\n{table}\n'
                   f"const char plans_json[] = {c_string(json.dumps(told, separators=(',', ':')))};\n\n{PLANS_C}",
    }


def lua_scripts():
    """{name: text} of the scripts, as Redis gets them: common.lua, the parts of a line `-- with: part`, the script."""
    folder = PROTO / "lua"
    paths = {path.stem: path for path in sorted(folder.glob("*.lua"))}
    prefix = paths.pop("common").read_text(encoding="utf-8") + "\n"
    scripts = {}
    for name, path in paths.items():
        text = path.read_text(encoding="utf-8")
        parts = [(folder / "parts" / f"{part}.lua").read_text(encoding="utf-8") + "\n"
                 for part in re.findall(r"^-- with: (\w+)$", text, re.M)]
        scripts[name] = prefix + "".join(parts) + text
    return scripts


def make_lua():
    header, code = [], []
    for name, text in lua_scripts().items():
        header.append(f"extern const char lua_{name}[];\n")
        code.append(f"const char lua_{name}[] =\n    {c_string(text)};\n")
    about = "/* The transitions of proto/lua, each with common.lua before it. */\n"
    return {
        "lua_scripts.h": guard("lua_scripts", about + "".join(header)),
        "lua_scripts.c": f'/* {NOTE} */\n#include "generated/lua_scripts.h"\n\n' + "\n".join(code),
    }


def make_openapi():
    document = yaml.safe_load((PROTO / "openapi.yaml").read_text(encoding="utf-8"))
    text = json.dumps(document, ensure_ascii=False, indent=1, default=str) + "\n"
    header = ("#include <stddef.h>\n\n/* proto/openapi.yaml as JSON. */\n"
              "extern const char openapi_json[];\nextern const size_t openapi_json_size; /* without the NUL */\n")
    return {
        "openapi_json.h": guard("openapi_json", header),
        "openapi_json.c": f'/* {NOTE} */\n#include "generated/openapi_json.h"\n\nconst char openapi_json[] =\n    '
                          f"{c_string(text)};\nconst size_t openapi_json_size = sizeof openapi_json - 1;\n",
    }


def make_c():
    files = {}
    for part in (make_reasons(), make_texts("mail"), make_texts("install_page"), make_texts("program"),
                 make_texts("report"), make_plans(), make_lua(), make_openapi()):
        files.update(part)
    return files


# ---- states, events, owners ----

ROOMS = ["gateway", "invitations", "activation", "licensing", "sweeper", "relay"]
# A type that a script appends to the outbox; presence and viewing only tell the feed.
EMITTED = re.compile(r"(?:\b(?:emit|change|save|tell|note)\(|\btype = )'((?!presence\.|viewing\.)[a-z]+\.[a-z_.]+)'")
NOTED = re.compile(r'\bnote\(c, "(audit\.[a-z_]+)"')  # by a service, through note.lua


def load_states():
    """{name: table} of proto/states; each has every pair of state and event exactly once."""
    tables = {}
    for path in sorted((PROTO / "states").glob("*.json")):
        table = tables[path.stem] = load_json(path)
        where, states, events = f"states/{path.name}", table["states"], table["events"]
        pairs = [(row[0], row[1]) for row in table["rows"]]
        if sorted(pairs) != sorted((s, e) for s in states for e in events):
            wrong = set(pairs) ^ {(s, e) for s in states for e in events} or {p for p in pairs if pairs.count(p) > 1}
            raise SourceError(f"{where}: not every pair of state and event exactly once: {sorted(wrong)}")
        for state, event, after, answer, kind in table["rows"]:
            if after not in states or not isinstance(answer, (str, int)):
                raise SourceError(f"{where}: {state}, {event}: unknown next state or no answer")
            if states[state].get("terminal") and base_state(table, after) != base_state(table, state):
                raise SourceError(f"{where}: {event} leads out of {state}, which is terminal")
            if base_state(table, after) != base_state(table, state) and not kind:
                raise SourceError(f"{where}: {state}, {event}: a change without an event")
    return tables


def base_state(table, state):
    """The value in the record: a state with `of` is a case of another."""
    return table["states"][state].get("of", state)


def owned_scripts():
    """{script: services} of the two tables of scripts in OWNERS.md."""
    owners = {}
    for names, who in re.findall(r"^\| (`[a-z_]+\.lua`(?:, `[a-z_]+\.lua`)*) \|.*\| ([^|]+) \|$",
                                 (PROTO / "OWNERS.md").read_text(encoding="utf-8"), re.M):
        for name in re.findall(r"`([a-z_]+)\.lua`", names):
            owners[name] = [room for room in ROOMS if re.search(rf"\b{room}\b", who)]
    return owners


def journaled_types():
    """The types of events/journal.json: each kind of event has them as `const` or `enum`."""
    schema = load_json(PROTO / "events" / "journal.json")
    kinds = set()
    for ref in schema["oneOf"]:
        about = schema["$defs"][ref["$ref"].rsplit("/", 1)[1]]["properties"]["type"]
        kinds |= set(about.get("enum", [about.get("const")]))
    return kinds


def noted_types():
    """The types of the notes that services write."""
    return {kind for room in ROOMS for path in sorted((PROTO.parent / "services" / room).glob("*.c"))
            for kind in NOTED.findall(path.read_text(encoding="utf-8"))}


def check_states():
    """Scripts, owners, reasons and event types that the tables name exist, and the scripts write no other state."""
    scripts, owners, reasons = lua_scripts(), owned_scripts(), load_reasons()
    kinds = journaled_types()
    if sorted(scripts) != sorted(owners):
        raise SourceError(f"OWNERS.md: scripts {sorted(set(scripts) ^ set(owners))} are not in lua/ or have no owner")
    emitted = {kind for text in scripts.values() for kind in EMITTED.findall(text)} | noted_types()
    if emitted != kinds:
        raise SourceError(f"events/journal.json: types {sorted(emitted ^ kinds)} are not journaled, or not listed")
    for name, table in load_states().items():
        for event, about in table["events"].items():
            strangers = set(about["by"]) - set(owners.get(about["script"], []))
            if about["script"] not in scripts or strangers:
                raise SourceError(f"states/{name}.json: {event}: no such script, or not run by {sorted(strangers)}")
        for state, event, _, answer, kind in table["rows"]:
            if kind and kind not in EMITTED.findall(scripts[table["events"][event]["script"]]):
                raise SourceError(f"states/{name}.json: {state}, {event}: the script does not journal {kind}")
            if kind == "session.refused" and answer not in reasons:
                raise SourceError(f"states/{name}.json: {state}, {event}: {answer} is no reason")
        # change() is what writes a session's record; other scripts have locals of the same name.
        written = {value for text in scripts.values() if re.search(r"\bchange\('", text)
                   for value in re.findall(rf"\b{table['field']} = .*?'([a-z_]+)'", text)}
        if not written <= {base_state(table, state) for state in table["states"]}:
            raise SourceError(f"states/{name}.json: the scripts write {sorted(written)}")


# ---- TypeScript ----

def ts(value):
    return json.dumps(value, ensure_ascii=False, indent=2)


def make_typescript():
    reasons = {code: {"status": r["status"] or 0, "technician": r["technician"]}
               for code, r in load_reasons().items()}
    codes = " |\n  ".join(f'"{code}"' for code in reasons)
    languages = " | ".join(f'"{x}"' for x in LANGUAGES)
    plans = load_plans()
    names = " | ".join(f'"{name}"' for name in plans["plans"])
    features = " | ".join(f'"{name}"' for name in plans["features"])
    return {
        "reasons.ts":
            f"// {NOTE}\nexport type Language = {languages};\n\n"
            f"export const languages: readonly Language[] = {json.dumps(LANGUAGES)};\n\n"
            f"export type ReasonCode =\n  {codes};\n\n"
            "/** status: HTTP; 0: a state or an end that no request is answered with. */\n"
            "export interface Reason {\n  status: number;\n  technician: Record<Language, string>;\n}\n\n"
            f"export const reasons: Record<ReasonCode, Reason> = {ts(reasons)};\n\n"
            "export function isReasonCode(code: string): code is ReasonCode {\n"
            "  return Object.prototype.hasOwnProperty.call(reasons, code);\n}\n",
        "plans.ts":
            f"// {NOTE}\nexport type PlanName = {names};\n\nexport type Feature = {features};\n\n"
            "export interface Plan {\n  adhoc: boolean;\n  limit_technician: number;\n  limit_company: number;\n"
            "  features: Feature[];\n  modules: Record<string, Feature[]>;\n}\n\n"
            f"export const plans: Record<PlanName, Plan> = {ts(plans['plans'])};\n",
    }


def write_changed(folder, files):
    """make compares times: an unchanged header keeps its time. A .c file is always touched (make's target)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        elif name.endswith(".c"):
            path.touch()


def check():
    stale = [name for name, text in make_typescript().items()
             if not (CONSOLE / name).exists() or (CONSOLE / name).read_text(encoding="utf-8") != text]
    make_c()
    check_states()
    if stale:
        print(f"out of step with proto/: {', '.join(stale)} (run proto/generate.py --typescript)", file=sys.stderr)
        return 1
    return 0


def main(arguments):
    try:
        if arguments == ["--check"]:
            return check()
        if arguments == ["--typescript"]:
            write_changed(CONSOLE, make_typescript())
            return 0
        if len(arguments) > 1 or (arguments and arguments[0].startswith("-")):
            print(__doc__, file=sys.stderr)
            return 2
        write_changed(Path(arguments[0] if arguments else "build/generated"), make_c())
        return 0
    except (SourceError, KeyError, ValueError, OSError, yaml.YAMLError) as error:
        print(f"proto/generate.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
