/* The defaults of how a mail is read. */
#include "rules/mail/mail_settings.h"

void
mail_settings_fill(struct mail_settings *settings)
{
    settings->registry = registry_new();
}

void
mail_settings_clear(struct mail_settings *settings)
{
    registry_free(&settings->registry);
}

const struct mail_settings *
mail_settings_default(void)
{
    static struct mail_settings settings;

    if (settings.registry == NULL)
        mail_settings_fill(&settings);
    return &settings;
}
