"""Becomes the first process of a container by the last steps of a container runtime, in its order: enter the root, load
the seccomp profile, give up capabilities, become the user, start the program.

    enter-container.py WISH PROGRAM [ARGUMENT...]

WISH is JSON: root, seccompProfiles (files as containers-common has them; what one refuses is refused), capabilities (names
that stay), dropped (numbers of the others), user, group, noNewPrivileges.

Not in TypeScript: a filter holds for the thread that loads it, and Node has more than one. libseccomp is what container
runtimes make of a profile what it means, too.
"""

import ctypes
import json
import os
import platform
import sys

PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
ALLOW = 0x7FFF0000
ERRNO = 0x00050000
EPERM = 1
# SCMP_FLTATR_CTL_NNP: loading a filter shall not mean no_new_privs, about which the Pod has its own word.
NO_NEW_PRIVS_ATTRIBUTE = 3
# enum scmp_compare, from 1.
COMPARISONS = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"]
# Go's names, which conditions of a profile use.
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class Comparison(ctypes.Structure):
    _fields_ = [
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("value", ctypes.c_uint64),
        ("value_two", ctypes.c_uint64),
    ]


def check(result, what):
    if result < 0:
        raise OSError(-result, "%s: %s" % (what, os.strerror(-result)))


def action_of(name, number):
    if name == "SCMP_ACT_ALLOW":
        return ctypes.c_uint32(ALLOW)
    if name == "SCMP_ACT_ERRNO":
        return ctypes.c_uint32(ERRNO | number)
    raise ValueError("unknown action " + name)


def comparisons_of(rule):
    return [
        Comparison(one["index"], 1 + COMPARISONS.index(one["op"][len("SCMP_CMP_") :]), one["value"], one["valueTwo"])
        for one in rule.get("args") or []
    ]


def concerns(rule, capabilities):
    """A condition that is not known here must not be passed over."""
    includes, excludes = rule.get("includes", {}), rule.get("excludes", {})
    if not {*includes, *excludes} <= {"arches", "caps"}:
        raise ValueError("unknown condition in %s" % rule)
    architecture = ARCHITECTURES[platform.machine()]
    return (
        architecture in includes.get("arches", [architecture])
        and architecture not in excludes.get("arches", [])
        and capabilities.issuperset(includes.get("caps", []))
        and capabilities.isdisjoint(excludes.get("caps", []))
    )


def compile_profile(library, path, capabilities):
    with open(path, encoding="utf-8") as file:
        profile = json.load(file)
    library.seccomp_init.restype = ctypes.c_void_p
    default = action_of(profile["defaultAction"], profile.get("defaultErrnoRet", EPERM))
    context = ctypes.c_void_p(library.seccomp_init(default))
    check(library.seccomp_attr_set(context, NO_NEW_PRIVS_ATTRIBUTE, 0), "no_new_privs")
    [known] = [one for one in profile["archMap"] if one["architecture"].lower() == "scmp_arch_" + platform.machine()]
    for name in known["subArchitectures"]:
        token = library.seccomp_arch_resolve_name(name[len("SCMP_ARCH_") :].lower().encode())
        check(library.seccomp_arch_add(context, ctypes.c_uint32(token)), name)
    for rule in profile["syscalls"]:
        if not concerns(rule, capabilities):
            continue
        action = action_of(rule["action"], rule.get("errnoRet", EPERM))
        comparisons = comparisons_of(rule)
        array = (Comparison * len(comparisons))(*comparisons)
        for name in rule["names"]:
            number = library.seccomp_syscall_resolve_name(name.encode())
            # A call that the library has never heard of gets the default, as with a runtime.
            if number != -1:
                added = library.seccomp_rule_add_array(context, action, number, len(array), array)
                check(added, "%s %s" % (rule["action"], name))
    return context


def prctl(option, value):
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl %d %d" % (option, value))


def main(wish, command):
    library = ctypes.CDLL("libseccomp.so.2")
    capabilities = set(wish["capabilities"])
    filters = [compile_profile(library, path, capabilities) for path in wish["seccompProfiles"]]
    os.chroot(wish["root"])
    os.chdir("/")
    # Without no_new_privs, which comes later, this takes a capability that goes later.
    for context in filters:
        check(library.seccomp_load(context), "seccomp profile")
    for number in wish["dropped"]:
        prctl(PR_CAPBSET_DROP, number)
    os.setgroups([wish["group"]])
    os.setresgid(*[wish["group"]] * 3)
    os.setresuid(*[wish["user"]] * 3)
    if wish["noNewPrivileges"]:
        prctl(PR_SET_NO_NEW_PRIVS, 1)
    os.execv(command[0], command)


main(json.loads(sys.argv[1]), sys.argv[2:])
