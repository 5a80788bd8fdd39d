"""Views: what is shown and how, as one object for links, saved views, talks and exports."""
