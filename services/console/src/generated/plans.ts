// Made by proto/generate.py; do not edit.
export type PlanName = "trial" | "basic" | "plus" | "premier" | "base";

export type Feature = "remote" | "chat" | "files" | "dashboard";

export interface Plan {
  adhoc: boolean;
  limit_technician: number;
  limit_company: number;
  features: Feature[];
  modules: Record<string, Feature[]>;
}

export const plans: Record<PlanName, Plan> = {
  "trial": {
    "adhoc": false,
    "limit_technician": 1,
    "limit_company": 5,
    "features": [],
    "modules": {}
  },
  "basic": {
    "adhoc": true,
    "limit_technician": 1,
    "limit_company": 5,
    "features": [
      "remote",
      "chat"
    ],
    "modules": {}
  },
  "plus": {
    "adhoc": true,
    "limit_technician": 1,
    "limit_company": 5,
    "features": [
      "remote",
      "chat",
      "files",
      "dashboard"
    ],
    "modules": {}
  },
  "premier": {
    "adhoc": true,
    "limit_technician": 1,
    "limit_company": 5,
    "features": [
      "remote",
      "chat",
      "files",
      "dashboard"
    ],
    "modules": {}
  },
  "base": {
    "adhoc": true,
    "limit_technician": 1,
    "limit_company": 5,
    "features": [
      "remote",
      "chat",
      "files"
    ],
    "modules": {
      "insights": [
        "dashboard"
      ]
    }
  }
};
