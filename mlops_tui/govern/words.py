"""What people call the columns of a decision log, in English, Spanish, German, French, Portuguese, Italian and Dutch."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_WORD = re.compile(r"[^a-z0-9]+")


def folded(text: str) -> str:
    """Lower case, without accents."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def tokens(name: str) -> tuple[str, ...]:
    """The words of a column's name: `modelVersion`, `model_version` and `MODEL VERSION` are the same two.

    A number at the end of a word is a word of its own (`score2`).
    """
    spaced = _CAMEL.sub(" ", name) if not name.isupper() else name
    words = _NO_WORD.split(re.sub(r"(?<=[a-z])(?=[0-9]+\b)", " ", folded(spaced)))
    return tuple(w for w in words if w)


def spoken(value: str) -> frozenset[str]:
    """What a value may be called: its words, the whole of it, and its words joined."""
    words = tokens(value)
    return frozenset({*words, folded(value), "_".join(words)})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SURE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "time": _words(
            "ts timestamp time datetime event_time event_timestamp event_ts event_date decision_time decision_ts"
            " decided_at decision_date decision_timestamp scored_at scored_on score_time scoring_time predicted_at"
            " prediction_time prediction_timestamp prediction_ts request_time request_ts requested_at"
            " request_timestamp created_at created creation_time occurred_at logged_at log_time inference_time"
            " inference_timestamp at when fecha hora fecha_hora momento fecha_decision marca_de_tiempo zeit zeitpunkt"
            " zeitstempel datum uhrzeit datum_uhrzeit entscheidungszeitpunkt horodatage heure date_heure date_decision"
            " instant data data_hora datahora instante data_ora orario tijd tijdstip datum_tijd czas tid tidspunkt"
        ),
        "id": _words(
            "id decision_id request_id application_id event_id prediction_id transaction_id case_id uuid guid row_id"
            " record_id inference_id score_id order_id claim_id trace_id correlation_id txn_id loan_id flight_id"
            " message_id id_decision id_solicitud solicitud_id entscheidungs_id antrags_id antragsnummer"
            " vorgangsnummer id_demande numero_demande id_decisao id_richiesta aanvraag_id"
        ),
        "version": _words(
            "model_version version model_ver model_release model_tag model_build modelversion model_revision model_id"
            " release version_modelo modelo_version modellversion modell_version version_modele modele_version"
            " versao_modelo versao versione_modello versione modelversie versie model"
        ),
        "score": _words(
            "score scores prediction predicted_value y_pred forecast estimate p_default p_fraud p_churn p_bad p_good"
            " p_repay pscore pctr ctr pcvr model_score risk_score credit_score probability prob proba p_hat phat"
            " y_score y_prob y_proba y_pred_proba y_hat_proba predicted_probability prediction_score predicted_proba"
            " probability_of_default pd confidence likelihood propensity raw_score model_output puntuacion puntaje"
            " probabilidad wahrscheinlichkeit punktzahl modellscore risikoscore probabilite note_modele pontuacao"
            " escore probabilidade punteggio probabilita kans waarschijnlijkheid scorewaarde"
        ),
        "decision": _words(
            "decision decision_outcome final_decision model_decision decision_code approved is_approved approval"
            " accepted is_accepted granted action action_taken verdict y_pred yhat y_hat prediction predicted"
            " predicted_class predicted_label pred_label pred_class flagged is_flagged blocked is_blocked rejected"
            " is_rejected declined denied offer_made treatment resolucion dictamen aprobado aprobada entscheidung"
            " genehmigt bewilligt bescheid accepte approuve accorde decisao aprovado decisione approvato"
            " esito_decisione besluit beslissing goedgekeurd"
        ),
        "label": _words(
            "label labels target y y_true actual actuals truth ground_truth groundtruth true_label outcome"
            " observed_outcome realized response repaid is_repaid paid_back defaulted default is_default is_fraud"
            " fraud fraudulent is_bad bad churn churned converted conversion clicked chargeback is_chargeback etiqueta"
            " objetivo resultado_real impago pagado zielwert zielvariable ausfall ausgefallen zurueckgezahlt ergebnis"
            " cible verite etiquette_reelle defaut rembourse rotulo alvo inadimplente verita etichetta obiettivo"
            " insoluto uitkomst doel wanbetaling terugbetaald"
        ),
    }
)
"""Whole names (words joined by `_`) that say the role by themselves."""

HINTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "time": _words(
            "ts time timestamp datetime date dt at on when created decided scored predicted requested occurred logged"
            " event epoch unix millis fecha hora momento zeit zeitpunkt zeitstempel datum uhrzeit horodatage heure"
            " data ora tijd"
        ),
        "id": _words(
            "id uuid guid uid oid pk idx index seq key nr no number num ref reference numero nummer kennung"
            " identifiant identificador codigo"
        ),
        "version": _words("version ver release revision build versao versione versie champion challenger"),
        "score": _words(
            "score prob proba probability likelihood confidence propensity logit puntuacion puntaje probabilidad"
            " scoring wahrscheinlichkeit probabilite pontuacao escore probabilidade punteggio probabilita kans yhat"
        ),
        "decision": _words(
            "decision decide decided approved approve approval accepted accept granted verdict action pred predicted"
            " prediction resolucion dictamen aprobado aprobada entscheidung genehmigt bewilligt accepte approuve"
            " decisao aprovado decisione approvato besluit beslissing goedgekeurd"
        ),
        "label": _words(
            "label target truth actual outcome repaid defaulted default fraud churn churned converted conversion"
            " chargeback etiqueta objetivo resultado impago pagado zielwert ausfall ergebnis cible defaut rembourse"
            " rotulo inadimplente etichetta esito insoluto uitkomst wanbetaling"
        ),
    }
)
"""Words within a name that speak for a role."""

EARLIER = _words(
    "prev before previous prior last past hist history historic historical first num count n avg mean sum total max"
    " min median days since rate ratio pct percent share months years lag rolling anterior previo ultimo ultima"
    " vorherig letzte anzahl precedent dernier nombre anteriores numero precedente ultimi aantal vorige reason"
    " external bureau"
)
"""Words that make a name one of history or of an aggregate: an input, not what was decided or came of it."""

TIME_NOUNS = _words(
    "ts time timestamp date datetime epoch unix fecha hora zeit zeitpunkt datum uhrzeit horodatage heure data ora tijd"
)
"""Words of times whatever else stands beside them."""

OTHER_TIMES = _words(
    "updated modified changed loaded load ingested ingest ingestion etl processed exported inserted synced batch"
    " birth dob born birthday nacimiento geburt geburtsdatum naissance nascimento nascita geboorte due expiry expires"
    " expiration valid closed settled observed observation label outcome repaid paid resolved opened start end"
    " registered signup joined last first prev previous maturity vencimiento faellig ablauf arrival arrived delivered"
    " matured written received"
)
"""Words of times that are not the moment of the decision."""

AFTERWARDS = _words(
    "overridden override reviewed review reviewer overturned appealed appeal complained complaint complaints"
    " escalated refunded manual"
)
"""Words of what people did after the decision: no inputs of the model."""

LATENCY = _words("latency elapsed runtime latencia latenz latence latenza latentie took antwortzeit")
LATENCY_NAMES = _words(
    "response_time response_ms inference_ms inference_time_ms duration_ms processing_ms processing_time_ms scoring_ms"
    " time_taken_ms took_ms request_ms request_duration model_time_ms elapsed_ms duration_us duration_s"
)
COST_NAMES = _words(
    "cost cost_usd cost_eur usd_cost inference_cost compute_cost call_cost api_cost llm_cost token_cost request_cost"
    " model_cost cost_per_call cost_cents cost_per_request scoring_cost coste_inferencia kosten_pro_aufruf"
)

PERSONAL = _words(
    "email mail phone telephone msisdn ssn passport iban surname firstname lastname fullname dob birthdate birthday"
    " dni nif correo telefono apellido apellidos domicilio telefon vorname nachname geburtsdatum prenom courriel"
    " naissance sobrenome cpf cognome telefoon achternaam voornaam ipaddress cardnumber"
)
"""Words of columns that identify a person, whatever is in them."""

PERSONAL_IF_MANY = _words(
    "tel mobile cell address street movil direccion handy adresse strasse portable endereco celular indirizzo"
    " cellulare adres ip pan lat latitude lon lng longitude postcode zipcode zip postal plz"
)
"""Words that with many different values do too."""

NAMES = _words("name nombre nom naam nome vorname kunde client customer applicant holder borrower cliente titular")
"""Words that with many different values mean people's names."""

PROTECTED = _words(
    "gender sex ethnicity ethnic race religion nationality disability marital age_band agegroup age_group sexo genero"
    " etnia nacionalidad geschlecht nationalitaet genre sexe nationalite raca sesso geslacht nationaliteit"
)
"""Words of groups that the law protects."""

DIMENSIONS = _words(
    "region country market state province city channel segment product brand store branch platform device source tier"
    " plan category type class carrier origin dest destination site tenant partner band size range pais mercado canal"
    " producto provincia region_id land kanal produkt filiale markt pays canal_vente produit regione paese prodotto"
    " regio kanaal"
)
"""Words of columns that people slice by."""

CODES = _words(
    "code id type class category cat zip kind group cluster bin grade level codigo tipo typ klasse kategorie sic naics"
)
"""Words of whole numbers that are names, not amounts."""

CALENDAR = _words("date dt day month year hour week ds datum fecha ano jahr monat tag stunde mois jour heure")
"""Keys of folders that are parts of the calendar."""

GOOD_DECISIONS = _words(
    "approve approved accept accepted grant granted allow allowed yes pass passed ok go permit permitted offer"
    " offered operated release released auto_approve aprobado aprobada aceptado si genehmigt angenommen bewilligt ja"
    " accepte approuve accorde oui aprovado aceito sim approvato accettato goedgekeurd toegewezen"
)
BAD_DECISIONS = _words(
    "reject rejected decline declined deny denied refuse refused block blocked no fail failed stop cancel cancelled"
    " canceled hold withheld rechazado rechazada denegado abgelehnt nein rejete refusee non recusado negado nao"
    " respinto rifiutato afgewezen geweigerd auto_reject auto_decline"
)
OTHER_DECISIONS = _words(
    "review refer referred manual challenge escalate pending revisar pruefen call letter flag flagged alert clear"
)
GOOD_LABELS = _words(
    "good repaid paid ok legit legitimate genuine clean retained stayed success successful on_time ontime healthy"
    " kept converted clicked bought correct pagado bueno puntual bezahlt gut rembourse paye bon pago bom adimplente"
    " pagato buono betaald terugbetaald conversion repay"
)
BAD_LABELS = _words(
    "bad default defaulted fraud fraudulent late churn churned lost failure failed delinquent overdue chargeback"
    " unpaid impago moroso malo fraude ausfall ausgefallen betrug schlecht defaut impaye mauvais inadimplente mau ruim"
    " insoluto frode cattivo wanbetaling writeoff chargedoff charged_off error spam abuse complaint"
)
UNFAVOURABLE = _words(
    "rejected declined denied refused cancelled canceled rejection rechazado abgelehnt refuse recusado respinto afgewezen"
)
"""Words of a decision's column in which 1 means no."""
RISK = _words("risk fraud default pd bad churn riesgo risiko risque risco rischio delinquency anomaly abuse loss")
"""Words of a score of the bad outcome."""
