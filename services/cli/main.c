/* beistand-cli: `operator …` is the operator's; everything else is a technician's. */
#include "audit_verify.h"
#include "operator.h"
#include "rebuild.h"
#include "technician.h"

#include <signal.h>
#include <string.h>

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && strcmp(argv[1], "operator") == 0)
        return operator_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "audit-verify") == 0)
        return audit_verify_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "rebuild") == 0)
        return rebuild_main(argc - 1, argv + 1);
    return technician_main(argc - 1, argv + 1);
}
